import MartletEngine

/// The end of an engine that has retired in good order and wants to be replaced. Its exit code tells launchers so, systemd
/// (`Restart=on-failure`) and Docker (`--restart on-failure`) among them.
struct RetiredEngine: Error, CustomStringConvertible {
  /// BSD's `EX_TEMPFAIL`: try again.
  static let exitCode = 75

  let limit: EngineLimit

  var description: String { "retired: \(limit)" }
}

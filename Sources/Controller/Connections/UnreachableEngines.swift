/// The engines that messages wait for because they can't be reached, without I/O.
///
/// An engine is about to connect, or has died and is given up soon. One that can't be reached for longer although its heart
/// beats may be connected over a connection that libzmq ignores, because another one had its identity at the time.
struct UnreachableEngines {
  /// Since when each can't be reached.
  private var since: [EngineIdentity: Instant] = [:]
  /// Those for which something has been waiting since the latest attempt.
  private var waiting: Set<EngineIdentity> = []

  /// How long an engine that beats can't be reached before it is missing. A dead one is given up sooner.
  static let patience = Duration.seconds(3)

  /// Something for an engine can't be sent before the next attempt.
  mutating func add(_ engine: EngineIdentity, now: @autoclosure () -> Instant) {
    guard waiting.insert(engine).inserted, since[engine] == nil else { return }
    since[engine] = now()
  }

  /// Everything that waits is about to be tried again.
  mutating func beginAttempt() { waiting = [] }

  /// The attempt has been made. An engine that is still missing is told again after the same time.
  ///
  /// - Returns: since when an engine is missing, the latest if several are; `nil` if none is.
  mutating func endAttempt(now: Instant) -> Instant? {
    since = since.filter { waiting.contains($0.key) }
    let missing = since.filter { now - $0.value > Self.patience }
    for engine in missing.keys { since[engine] = now }
    return missing.values.max()
  }
}

/// Why a cluster can't be started or used, in one line that says what to do.
public struct ClusterError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of error it is, for exit codes.
  public enum Code: Sendable, Hashable {
    case alreadyRunning, notRunning, failed
  }

  /// What kind of error it is.
  public let code: Code
  /// The explanation, in one line.
  public let description: String

  /// An error with its explanation.
  public init(_ description: String, code: Code = .failed) {
    self.description = description
    self.code = code
  }

  static func alreadyRunning(_ record: ClusterRecord, command: String = "martlet") -> ClusterError {
    let name = record.clusterID.isEmpty ? "" : " --cluster-id=\(record.clusterID)"
    return ClusterError(
      "this cluster is running already: stop it with \(command) stop --profile-dir=\(record.profile.path)\(name), or "
        + "choose another --cluster-id", code: .alreadyRunning)
  }

  /// A process that ended while it started, with its own last words.
  static func endedAtStart(_ what: String, _ status: ExitStatus, log: String) -> ClusterError {
    let words = LastWords.read(from: log).map { ": \($0)" } ?? ""
    return ClusterError("\(what) ended with \(status)\(words); its log is \(log)")
  }
}

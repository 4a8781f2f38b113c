import Foundation
import MartletWire

/// Why a cluster can't be started or used, in one line that says what to do.
public struct ClusterError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of error, for exit codes.
  public enum Code: Sendable, Hashable {
    /// The cluster runs already, or nobody can tell from here whether it does. The command exits with 10, as
    /// `ipcluster` does.
    case alreadyRunning
    /// The cluster does not run. The command exits with 11, as `ipcluster` does.
    case notRunning
    /// Anything else.
    case failed
  }

  /// The kind of error.
  public let code: Code
  /// The explanation, in one line.
  public let description: String

  /// An error with its explanation.
  public init(_ description: String, code: Code = .failed) {
    self.description = description
    self.code = code
  }

  static func alreadyRunning(_ files: ClusterFiles) -> ClusterError {
    ClusterError(
      "\(files.name) is running already: stop it with \((["martlet", "stop"] + files.options).shellCommand), or choose "
        + "another --cluster-id", code: .alreadyRunning)
  }

  /// The error for a second controller.
  ///
  /// - Parameters:
  ///   - process: the first one's, if its lock names it.
  ///   - since: when it started.
  static func controllerRuns(_ files: ClusterFiles, _ process: ProcessReference?, since: Date?) -> ClusterError {
    let start = since.map { ", since \($0.formatted(.iso8601))" } ?? ""
    let who = process.map { " (process \($0.pid) on host \($0.host.name)\(start))" } ?? ""
    return ClusterError(
      "\(files.name) has a controller already\(who): stop it with "
        + "\((["martlet", "stop"] + files.options).shellCommand), or choose another --cluster-id",
      code: .alreadyRunning)
  }

  static func notRunning(_ files: ClusterFiles, problems: [StateFileProblem]) -> ClusterError {
    let hint =
      problems.isEmpty
      ? "see martlet list" : problems.map { "\($0)" }.joined(separator: "; ") + " (martlet clean removes it)"
    return ClusterError("\(files.name) is not running: \(hint)", code: .notRunning)
  }

  static func unknown(_ cluster: KnownCluster) -> ClusterError {
    ClusterError(
      "it can't be told from here whether \(cluster.files.name) runs (\(cluster.liveness)): stop it there, or if it is "
        + "gone, remove its files with \((["martlet", "clean", "--force"] + cluster.files.allOptions).shellCommand)",
      code: .alreadyRunning)
  }

  static func outOfReach(_ cluster: KnownCluster) -> ClusterError {
    let place = cluster.host.map { " on host \($0)" } ?? ""
    let problems = cluster.problems.map { "; \($0)" }.joined()
    return ClusterError(
      "\(cluster.files.name) runs, but its process can't be reached from here, for example because it is in a "
        + "container\(place)\(problems): stop it there")
  }

  /// The error for a process that ended during its start, with the last words from its log.
  static func endedAtStart(_ what: String, _ status: ExitStatus, log: String) -> ClusterError {
    let words = LastWords.read(from: log).map { ": \($0)" } ?? ""
    return ClusterError("\(what) ended with \(status)\(words); its log is \(log)")
  }
}

import Foundation
import MartletEngine
import MartletWire

/// How the process of an engine ended.
struct EngineEnd: Sendable, Hashable {
  /// What has ended, after "its": `process 7`, `process on node1`.
  let kind: String
  let status: ExitStatus
  /// The last line of its log, if the process ended by itself, or what it said when it crashed. Other signals leave it no time to
  /// say why.
  let lastWords: String?
  /// Whether it ended soon after its start.
  var isQuick = false

  init(of kind: String, status: ExitStatus, log: String) {
    self.kind = kind
    self.status = status
    lastWords =
      switch status {
      case .exited(let code) where code != 0: LastWords.read(from: log)
      case .signaled(let signal) where Self.crashes.contains(signal): LastWords.ofCrash(from: log)
      case .exited, .signaled, .unknown: nil
      }
  }

  /// Whether the process ended by itself, soon after its start.
  var exitedAtOnce: Bool { if case .exited = status { isQuick } else { false } }

  /// Whether the engine left on purpose: it was told to.
  var isWanted: Bool { status == .exited(0) }

  /// Whether the engine has retired in good order and wants another one to take its place.
  var wantsReplacement: Bool { status == .exited(RetiredEngine.exitCode) }

  /// Whether nobody knows how it ended: an engine on another host is cut off.
  var isUnknown: Bool { if case .unknown = status { true } else { false } }

  /// Whether it says something about the node it ran on: not if the scheduler or a user has ended it, or its time was over.
  var blamesNode: Bool {
    guard case .unknown(let words) = status else { return !isWanted && !wantsReplacement }
    return !isCancelled && !Self.limits.contains { words.hasPrefix($0) }
  }

  /// Whether the scheduler says that a person has cancelled the job.
  var isCancelled: Bool {
    guard case .unknown(let words) = status else { return false }
    return Self.cancellations.contains { words.hasPrefix($0) }
  }

  /// Whether the scheduler says no more than that it doesn't know the job any more.
  var isForgotten: Bool { if case .unknown(let words) = status { BatchJobState.isUnknown(words) } else { false } }

  /// How programs end that find something that must not happen.
  private static let crashes = [SIGILL, SIGTRAP, SIGABRT].map(Int.init)

  /// What schedulers say first about a job that a person has cancelled. Grid Engine and PBS don't tell.
  private static let cancellations =
    ["CANCELLED", "removed (via condor_rm"]
    + ["OWNER", "FORCE_OWNER", "ADMIN", "FORCE_ADMIN"].map { "EXIT (TERM_\($0)" }

  /// What schedulers say first about a job that they have ended themselves.
  private static let limits = [
    "PREEMPTED", "TIMEOUT", "DEADLINE", "OUT_OF_MEMORY", "EXIT (TERM_", "removed", "failed 37 ", "failed 100 ",
  ]

  /// What happened to the process, as a clause: `its process was killed by SIGKILL (signal 9)`.
  var reason: String {
    let words = lastWords.map { ": \($0)" } ?? ""
    return switch status {
    case .exited where wantsReplacement: "its \(kind) has\(lastWords.map { " \($0)" } ?? " retired")"
    case .exited(let code): "its \(kind) ended with exit code \(code)\(words)"
    case .signaled: "its \(kind) was killed by \(status)\(words)"
    case .unknown: "its \(kind) is gone (\(status))"
    }
  }
}

/// A place for an engine in a cluster, or for several that are started at once: what was started there last.
struct EnginePlace: Sendable, Hashable {
  /// The uuids that the engines were given.
  let uuids: [String]
  /// Those of them that have been told to leave.
  var leaving: Set<String> = []
  /// How it ended; `nil` while it runs.
  var end: EngineEnd?

  /// The uuids of the engines that have not been told to leave.
  var staying: [String] { uuids.filter { !leaving.contains($0) } }
}

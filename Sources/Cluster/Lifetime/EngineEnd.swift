import MartletEngine
import MartletWire

/// How the process of an engine ended.
struct EngineEnd: Sendable, Hashable {
  let pid: Int
  let status: ExitStatus
  /// The last line of its log, if the process ended by itself; a signal leaves it no time to say why.
  let lastWords: String?

  init(pid: Int, status: ExitStatus, log: String) {
    self.pid = pid
    self.status = status
    if case .exited(let code) = status, code != 0 { lastWords = LastWords.read(from: log) } else { lastWords = nil }
  }

  /// Whether the engine left on purpose: it was told to.
  var isWanted: Bool { status == .exited(0) }

  /// What happened to the process, as a clause: `its process was killed by SIGKILL (signal 9)`.
  var reason: String {
    let words = lastWords.map { ": \($0)" } ?? ""
    return switch status {
    case .exited(let code): "its process \(pid) ended with exit code \(code)\(words)"
    case .signaled: "its process \(pid) was killed by \(status)"
    case .unknown: "its process \(pid) is gone (\(status))"
    }
  }
}

/// A place for an engine in a cluster: the latest process there.
struct EnginePlace: Sendable, Hashable {
  /// The uuid that the process was given.
  let uuid: String
  /// How it ended; `nil` while it runs.
  var end: EngineEnd?
}

/// Whether a cluster runs, as far as can be told from here.
package enum Liveness: Sendable, Hashable, CustomStringConvertible {
  case running
  case ended
  /// It may run on another host, or where neither its lock nor its process can be seen.
  case unknown(host: String)

  /// In words, for messages.
  package var description: String {
    switch self {
    case .running: "running"
    case .ended: "not running"
    case .unknown(let host): "unknown: on host \(host)"
    }
  }

  /// Judges from a process that holds a lock for as long as it runs.
  ///
  /// Process ids are compared within one process namespace only. In another one the lock decides, which all processes
  /// of a kernel see. From another host a lock that looks free proves nothing: file systems without locks between hosts
  /// show it so.
  ///
  /// - Parameters:
  ///   - process: who held the lock, or `nil` where no file says so.
  ///   - lock: the lock's state.
  ///   - here: the host that judges.
  ///   - isAlive: whether a process of this namespace exists.
  static func judge(
    _ process: ProcessReference?, lock: LockFile.State, here: HostIdentity = .current,
    isAlive: (ProcessReference) -> Bool = { ProcessTable.isAlive($0.pid, startTime: $0.startTime) }
  ) -> Liveness {
    if lock == .held { return .running }
    guard let process else { return .ended }
    if process.host.sharesKernel(with: here) {
      if process.host.sharesProcessIDs(with: here), process.startTime != nil || lock != .free {
        return isAlive(process) ? .running : .ended
      }
      return lock == .free ? .ended : .unknown(host: process.host.name)
    }
    // The same machine with another kernel was booted since.
    return process.host.isSameMachine(as: here) ? .ended : .unknown(host: process.host.name)
  }

  /// The stronger of two statements about one cluster: that something runs outweighs that nothing is known, and that
  /// outweighs an end.
  func or(_ other: @autoclosure () -> Liveness) -> Liveness {
    switch self {
    case .running: return .running
    case .ended: return other()
    case .unknown:
      if case .running = other() { return .running }
      return self
    }
  }
}

/// Whether a cluster is running, as far as this process can tell.
package enum Liveness: Sendable, Hashable, CustomStringConvertible {
  case running
  case ended
  /// The cluster may run on another host, or where this process can see neither its lock nor its process.
  case unknown(host: String)

  /// A description for messages.
  package var description: String {
    switch self {
    case .running: "running"
    case .ended: "not running"
    case .unknown(let host): "unknown: on host \(host)"
    }
  }

  /// Judges by a process that holds a lock while it runs.
  ///
  /// Process ids are compared only within one process namespace. Across namespaces the lock decides, because all
  /// processes of a kernel see it. Another host's lock that looks free proves nothing: file systems that don't share
  /// locks between hosts always show it as free.
  ///
  /// - Parameters:
  ///   - process: the process that held the lock; `nil` if no file names it.
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
    // The same machine with another boot id has been rebooted since.
    return process.host.isSameMachine(as: here) ? .ended : .unknown(host: process.host.name)
  }

  /// Combines two findings about one cluster: running outweighs unknown, and unknown outweighs ended.
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

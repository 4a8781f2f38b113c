import Foundation

extension ClusterRecord {
  /// Stops the cluster from outside: asks the process that holds it, and when that does not leave in time, kills it,
  /// which takes its children along. Returns when it is gone, with nothing of it left on disk.
  ///
  /// - Parameter timeout: how long it may take to leave by itself.
  /// - Throws: ``ClusterError`` when the process belongs to somebody else.
  public func stop(within timeout: Duration = .seconds(30)) async throws {
    for (number, time) in [(SIGTERM, timeout), (SIGKILL, .seconds(5))] where isAlive {
      guard let pid = Int32(exactly: supervisor), kill(pid, number) == 0 || errno == ESRCH else {
        throw ClusterError("process \(supervisor) can't be stopped: \(String(cString: strerror(errno)))")
      }
      let deadline = ContinuousClock.now + time
      while isAlive, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
    }
    if let left = try? ClusterRecord.read(path), left.supervisor == supervisor { removeFiles() }
  }
}

import Foundation

extension KnownCluster {
  /// Stops the cluster from outside: asks its processes to exit and kills those that don't exit in time. Returns when
  /// they are gone, with nothing of the cluster left on disk.
  ///
  /// - Parameters:
  ///   - signal: what asks them.
  ///   - timeout: how long a supervisor may take to exit; other processes have at most five seconds, as in ipyparallel.
  /// - Throws: ``ClusterError`` when none of its processes can be signalled from here.
  package func stop(with signal: Int32 = SIGTERM, within timeout: Duration = .seconds(30)) async throws {
    if isOrphaned { return try await stopJobs(within: timeout) }
    let processes = stoppableProcesses
    guard !processes.isEmpty else { throw ClusterError.outOfReach(self) }
    let grace = origin == .martlet ? timeout : min(timeout, .seconds(5))
    for (number, time) in [(signal, grace), (SIGKILL, .seconds(5))] {
      for process in processes where process.isReachable {
        guard let pid = Int32(exactly: process.pid), kill(pid, number) == 0 || errno == ESRCH else {
          throw ClusterError("process \(process.pid) can't be stopped: \(String(cString: strerror(errno)))")
        }
      }
      if try await Self.holds(within: time, { !processes.contains(where: \.isReachable) }) { break }
    }
    // The children of a killed supervisor notice its end by themselves.
    _ = try await Self.holds(within: .seconds(5)) { Self.look(at: files)?.liveness != .running }
    try await Self.look(at: files)?.endLeftovers()
    _ = ClusterCatalog.clean(files, force: false)
  }

  /// Stops a cluster of which only jobs are left.
  private func stopJobs(within timeout: Duration) async throws {
    try await endRemains()
    // On other hosts it can't be seen to end.
    _ = try await Self.holds(within: timeout) { Self.look(at: files)?.liveness != .running }
    _ = ClusterCatalog.clean(files, force: true)
  }

  /// Cancels the jobs and removes the containers that a cluster has left behind because its process was killed.
  ///
  /// - Throws: ``ClusterError`` or ``OptionError`` with the words of the scheduler or of Docker.
  package func endLeftovers() async throws {
    if liveness == .ended { try await endRemains() }
  }

  private func endRemains() async throws {
    guard let record else { return }
    for command in record.dockerCommands {
      var launcher = DockerLauncher()
      launcher.command = command
      let ids = try await CommandOutput.read(launcher.search(files)).split(whereSeparator: \.isWhitespace)
      if !ids.isEmpty { _ = try await CommandOutput.read(launcher.removal(of: ids.map(String.init))) }
    }
    for job in record.jobs.values + [record.controllerJob].compactMap(\.self) {
      var launcher = BatchLauncher(job.system)
      launcher.deleteCommand = job.deleteCommand
      _ = try await CommandOutput.read(launcher.cancellation(of: job.id))
    }
  }

  /// The processes whose end ends the cluster.
  private var stoppableProcesses: [ProcessReference] {
    let others = origin == .ipyparallel ? python?.runningProcesses ?? [] : []
    var processes = others.map { ProcessReference(pid: $0) }
    if let process, !others.contains(process.pid) { processes.append(process) }
    return processes.filter(\.isReachable)
  }

  /// Polls until a condition holds.
  ///
  /// - Returns: whether the condition held in time.
  static func holds(within time: Duration, _ condition: () -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + time
    while !condition() {
      guard ContinuousClock.now < deadline else { return false }
      try await Task.sleep(for: .milliseconds(20))
    }
    return true
  }
}

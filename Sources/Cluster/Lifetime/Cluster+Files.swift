import Logging
import MartletWire

/// The files that a cluster makes before it starts, and those that an earlier one with the same id has left.
extension Cluster {
  /// Takes the cluster's lock and removes the leftovers of an earlier cluster with the same id.
  func claimFiles() async throws {
    let files = record.files
    guard let lock = try takeLock(files) else { throw ClusterError.alreadyRunning(files) }
    let before = lock.previousState
    do {
      try await removeLeftovers(KnownCluster.look(at: files, lock: before), lock: before)
      try lock.write(.current)
    } catch {
      // An existing lock file stays, because it names its last holder.
      if before == .missing { lock.remove() }
      throw error
    }
    self.lock = consume lock
  }

  /// Makes the folder for sockets, in which the cluster can be asked from now on.
  func openSockets() async throws {
    let directory = try SocketDirectory.make()
    record.socketDirectory = directory.path
    try await startControl(in: directory)
    sockets = consume directory
  }

  private func takeLock(_ files: ClusterFiles) throws(OptionError) -> LockFile? {
    do {
      return try LockFile.acquire(files.lock)
    } catch {
      throw OptionError("the cluster can't be locked: \(error)")
    }
  }

  private func removeLeftovers(_ other: KnownCluster?, lock: LockFile.State) async throws {
    guard var other else { return }
    let files = other.files
    if other.liveness == .running, let pid = other.record?.controllerProcess?.pid, pid == other.process?.pid {
      // The controller of a killed supervisor notices the end of the supervisor by itself.
      _ = try await KnownCluster.holds(within: .seconds(5)) {
        other = KnownCluster.look(at: files, lock: lock) ?? KnownCluster(files: files)
        return other.liveness != .running
      }
    }
    switch other.liveness {
    case .running: throw ClusterError.alreadyRunning(files)
    case .unknown: throw ClusterError.unknown(other)
    case .ended: break
    }
    for problem in other.problems { logger.warning("\(problem); nothing runs there, so the file is replaced") }
    try await other.endLeftovers()
    // A killed controller's connection files would be mistaken for the new controller's.
    let connections = files.connections.filter { file in
      !reusesFiles || other.problems.contains { $0.path == file.path }
    }
    let outcome = files.remove(socketDirectory: other.record?.socketDirectory, connections: connections)
    if let problem = outcome.failed.first { throw OptionError("\(problem)") }
  }
}

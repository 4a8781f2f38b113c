import Logging

/// Starting the groups of engines that the cluster is to have from its start.
extension Cluster {
  /// Starts all groups at the same time. One that can't be started is tried again later, and the others go on without it.
  ///
  /// - Throws: the first group's error when none can be started.
  func launchGroups() async throws {
    let groups = configuration.engines.map { (name: groupTable.add($0), group: $0) }
    var failures: [Int: any Error] = [:]
    await withTaskGroup(of: (index: Int, error: any Error)?.self) { tasks in
      for (index, (name, group)) in groups.enumerated() {
        tasks.addTask {
          do {
            try await self.launchSet(of: name, group)
            return nil
          } catch {
            return (index, error)
          }
        }
      }
      for await case (let index, let error)? in tasks { failures[index] = error }
    }
    try Task.checkCancellation()
    if failures.count == groups.count, let first = failures[0] { throw first }
    for (index, error) in failures { launchLater(groups[index].name, error) }
  }

  /// Has a group started later that could not be started.
  private func launchLater(_ name: String, _ error: any Error) {
    hasFailed = true
    guard groupTable[name]?.autoscaler == nil else {
      // It asks again by itself.
      groupTable[name]?.autoscaler?.failed(at: .now)
      return logger.warning("the group \(name) can't be started yet: \(error)")
    }
    guard case .restart(let delay) = groupStarts.ended(name, at: .now) else { return }
    groupTable[name]?.problem = "\(error)"
    logger.warning("the group \(name) can't be started: \(error); it is tried again in \(delay)")
    groupTasks[name] = Task {
      guard (try? await Task.sleep(for: delay)) != nil else { return }
      do {
        try await self.inTurn(name) { try await $0.complete($1) }
        self.groupTable[name]?.problem = nil
        self.groupTasks[name] = nil
        self.groupStarts.left(name)
      } catch {
        if self.takesEngines { self.launchLater(name, error) }
      }
    }
  }

  /// Starts what a group lacks.
  private func complete(_ name: String) async throws {
    guard let status = status(of: name) else { return }
    let missing = status.wanted - status.started - waitingCount(in: name)
    if missing > 0 { try await grow(name, by: missing) }
    logger.notice("the group \(name) has been started")
    saveEngines()
  }
}

extension EngineRestartPolicy {
  /// Groups are tried again for as long as the cluster runs, with the pauses of those that grow by themselves.
  static let groups = EngineRestartPolicy(
    firstDelay: Autoscaler.pauses.lowerBound, longestDelay: Autoscaler.pauses.upperBound, limit: .max)
}

import Logging

/// The nodes of batch schedulers on which engines fail at once: jobs are kept from them where the scheduler has an option for
/// that.
extension Cluster {
  /// Notes the end of a job.
  func note(_ job: BatchJob, _ end: EngineEnd, at key: EngineKey) {
    let now = ContinuousClock.now
    // Until then it waited for its turn.
    restarts.began(key, at: job.runningSince ?? now)
    let isWanted = places[key]?.staying.isEmpty ?? false
    guard !isWanted, end.blamesNode, let node = job.node else { return }
    let isQuick = !restarts.isSteady(key, at: now)
    let pause = nodeHealth[job.system, default: HostHealth(policy: configuration.hostPolicy)]
      .ended(on: node, isQuick: isQuick, reason: end.reason, at: now)
    guard let pause else { return }
    logger.error("the node \(node) is left out for \(pause), because engines fail there at once: \(end.reason)")
  }

  /// The nodes that new jobs of a group avoid, and for how long they do; `nil` if there are none.
  func nodesLeftOut(of group: EngineGroup) -> (names: [String], shortest: Duration)? {
    guard case .batch(let launcher) = group.launcher, launcher.system.exclusion != nil else { return nil }
    return nodeHealth[launcher.system]?.leftOut(at: .now)
  }

  /// How long to wait before a job is submitted again that the scheduler has refused, perhaps because it has no other nodes.
  func pauseOfNodes(for key: EngineKey) -> Duration? { groups[key.set].flatMap { nodesLeftOut(of: $0)?.shortest } }
}

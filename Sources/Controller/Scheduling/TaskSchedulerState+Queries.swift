import MartletWire

extension TaskSchedulerState {
  /// How many tasks could run and lack only an engine with room.
  var queuedCount: Int { queues.queuedCount }

  /// How many of these tasks another engine could take. Takes time in proportion to the number of those that require time, and
  /// to that of engines for each kind of demand.
  ///
  /// - Parameters:
  ///   - offer: what the engine would offer.
  ///   - time: how much time it would have; `nil` for no limit.
  func backlog(for offer: Resources, time: Duration?, now: Instant) -> TaskBacklog {
    var backlog = queues.demanding.backlog(for: offer, time: time, engines, tasks, now: now)
    backlog.queued += queues.openCount
    return backlog
  }

  /// How many tasks wait for dependencies, or for another engine.
  var waitingCount: Int { queues.waitingCount }

  /// Whether tasks are queued that require resources or time, and that any engine may take that has them.
  @inline(__always)
  var hasDemanding: Bool { !queues.demanding.isEmpty }

  /// What such tasks require that no engine offers. Takes time in proportion to the number of engines for each kind of demand.
  var unofferedResources: Set<Resources> { queues.demanding.unoffered(engines) }

  /// How many tasks are on engines.
  var pendingCount: Int { engines.pendingCount }

  /// How many engines are registered.
  @inline(__always)
  var engineCount: Int { engines.registeredCount }

  /// How many finished tasks are remembered.
  var historyCount: Int { history.count }

  /// What is in flight: queued or on engines.
  var usage: QueueLimit.Usage { clients.total }

  /// The ids of all tasks that no engine has, client by client in the order they were queued. Linear in their number.
  var queuedIDs: [String] { clients.queued(tasks).map { tasks[$0].id } }

  /// The ids of the tasks on an engine in the order they were dispatched; empty for an unknown engine.
  func pendingIDs(on identity: EngineIdentity) -> [String] {
    engines.find(identity).map { tasks.ids(in: engines[$0].pending) } ?? []
  }

  /// Whether a task is on that engine.
  func isPending(_ id: String, on identity: EngineIdentity) -> Bool {
    guard let task = tasks.find(id), tasks[task].phase == .pending, let token = tasks[task].engine else { return false }
    return engines[token.engine].identity == identity
  }

  /// How many tasks an engine has; `nil` if it is not registered.
  func load(of identity: EngineIdentity) -> Int? {
    engines.registered(identity).map { engines.load(of: $0) }
  }
}

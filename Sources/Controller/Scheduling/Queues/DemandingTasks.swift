import MartletWire

/// The queue of tasks that require resources or time, and that any engine may take that has them and is not on their
/// blacklists.
///
/// Tasks with the same kind of demand have a queue of their own. To find a task for an engine takes time in proportion to the
/// number of different kinds and of clients with such tasks: most of the time there are few.
struct DemandingTasks {
  private var queues: [ResourceDemand.Kind: ExcludedTasks] = [:]
  /// How many tasks are queued.
  private(set) var count = 0

  /// The number of lanes that memory is allocated for.
  var capacity: Int { queues.capacity + queues.values.reduce(0) { $0 + $1.capacity } }

  var isEmpty: Bool { count == 0 }

  /// Whether tasks are queued that require something else than this.
  func hasOthers(than demand: ResourceDemand) -> Bool { queues.count > (queues[demand.kind] == nil ? 0 : 1) }

  /// Adds a task.
  ///
  /// - Parameter sequence: the latest sequence number.
  mutating func add<Payload>(
    _ task: TaskHandle, _ demand: ResourceDemand, blacklistCount: Int, sequence: Int,
    _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) {
    let kind = demand.kind
    if queues[kind] == nil {
      queues[kind] = ExcludedTasks(phase: .demanding, isTimed: kind.isTimed)
      engines.changeAwaited(by: 1, kind.resources)
    }
    queues[kind]?.add(task, blacklistCount: blacklistCount, sequence: sequence, &tasks)
    count += 1
  }

  mutating func remove<Payload>(
    _ task: TaskHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) {
    guard let kind = tasks.demand(of: task)?.kind else { return }
    queues[kind]?.remove(task, &tasks)
    count -= 1
    guard queues[kind]?.isEmpty ?? false else { return }
    queues[kind] = nil
    queues.shrinkIfSparse()
    engines.changeAwaited(by: -1, kind.resources)
  }

  /// The task with the best rank that the engine could run if it had no others.
  mutating func next<Payload>(
    for engine: EngineHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry,
    _ clients: inout ClientTable, now: Instant
  ) -> TaskHandle? {
    guard !isEmpty else { return nil }
    let time = engines[engine].end.map { $0 - now }
    var best: TaskHandle?
    var index = queues.startIndex
    while index < queues.endIndex {
      if engines[engine].budget.covers(queues.keys[index].resources) {
        best = clients.better(
          best, queues.values[index].next(for: engines.token(of: engine), time: time, &tasks, &clients), &tasks)
      }
      queues.formIndex(after: &index)
    }
    return best
  }

  /// What queued tasks require that no engine offers.
  func unoffered(_ engines: EngineRegistry) -> Set<Resources> {
    Set(queues.keys.map(\.resources)).filter { engines.able($0).isEmpty }
  }

  /// How many kinds of demands await an engine with this budget: those for resources that it offers.
  func count(coveredBy budget: ResourceBudget) -> Int {
    queues.keys.count { !$0.resources.isEmpty && budget.covers($0.resources) }
  }

  /// An engine is gone, and comes back as another.
  mutating func engineUnregistered(_ engine: EngineToken) {
    var index = queues.startIndex
    while index < queues.endIndex {
      queues.values[index].engineUnregistered(engine)
      queues.formIndex(after: &index)
    }
  }

  /// The tasks that may have to end, now that an engine has come or gone: urgent ones without an engine that could run them,
  /// and some whose blacklists may exclude all that could.
  func possiblyEnding<Payload>(
    _ engines: EngineRegistry, _ tasks: TaskTable<Payload>, now: Instant
  ) -> [TaskHandle] {
    let handles = queues.flatMap { kind, queue in
      let able = engines.able(kind.resources)
      if able.isEmpty && kind.isUrgent { return queue.handles(tasks) }
      guard kind.isTimed else { return queue.possiblyExhausted(engineCount: able.count, tasks) }
      return queue.handles(longerThan: kind.isUrgent ? engines.longestTime(of: able, now: now) : nil, tasks)
    }
    return handles.sorted { tasks[$0].sequence < tasks[$1].sequence }
  }

  /// The tasks that another engine could take.
  ///
  /// - Parameters:
  ///   - offer: what the engine would offer.
  ///   - time: how much time it would have; `nil` for no limit.
  func backlog<Payload>(
    for offer: Resources, time: Duration?, _ engines: EngineRegistry, _ tasks: TaskTable<Payload>,
    now: Instant
  ) -> TaskBacklog {
    var backlog = TaskBacklog()
    for (kind, queue) in queues where offer.covers(kind.resources) {
      let able = engines.able(kind.resources).filter { !engines[$0].isRetiring }
      guard kind.isTimed else {
        backlog.queued += queue.count
        if able.isEmpty { backlog.unmet += queue.count }
        continue
      }
      let longest = engines.longestTime(of: able, now: now)
      for task in queue.handles(tasks) {
        guard let constraints = tasks[task].constraints, !tasks[constraints].takesLonger(than: time) else { continue }
        backlog.queued += 1
        if able.isEmpty || tasks[constraints].takesLonger(than: longest) { backlog.unmet += 1 }
      }
    }
    return backlog
  }

  /// What is wrong with the queue.
  func problems<Payload>(_ tasks: TaskTable<Payload>, _ engines: EngineRegistry) -> [String] {
    var problems: [String] = []
    for (kind, queue) in queues {
      if queue.isEmpty { problems.append("the queue of \(kind) is empty") }
      problems += queue.problems(tasks)
      for task in queue.handles(tasks) where tasks.demand(of: task)?.kind != kind {
        problems.append("\(tasks[task].id) is queued with another demand")
      }
    }
    let sum = queues.values.reduce(0) { $0 + $1.count }
    if sum != count { problems.append("\(sum) demanding tasks, not \(count)") }
    engines.visit { engine, record in
      guard record.phase == .registered else { return }
      let awaited = count(coveredBy: record.budget)
      if record.awaitedCount != awaited { problems.append("\(awaited) demands await \(record.identity)") }
    }
    return problems
  }
}

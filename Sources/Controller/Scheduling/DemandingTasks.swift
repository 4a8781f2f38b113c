import MartletWire

/// The queue of tasks that require resources, and that any engine may take that offers them and is not on their blacklists.
///
/// Tasks with the same demand have a queue of their own. To find a task for an engine takes time in proportion to the number
/// of different demands and of clients with such tasks: most of the time there are few.
struct DemandingTasks {
  private var queues: [ResourceDemand: ExcludedTasks] = [:]
  /// How many tasks are queued.
  private(set) var count = 0

  /// The number of lanes that memory is allocated for.
  var capacity: Int { queues.capacity + queues.values.reduce(0) { $0 + $1.capacity } }

  var isEmpty: Bool { count == 0 }

  /// Whether tasks are queued that require something else than this.
  func hasOthers(than demand: ResourceDemand) -> Bool { queues.count > (queues[demand] == nil ? 0 : 1) }

  /// Adds a task.
  ///
  /// - Parameter sequence: the latest sequence number.
  mutating func add<Payload>(
    _ task: TaskHandle, _ demand: ResourceDemand, blacklistCount: Int, sequence: Int,
    _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) {
    if queues[demand] == nil {
      queues[demand] = ExcludedTasks(phase: .demanding)
      engines.changeAwaited(by: 1, demand.resources)
    }
    queues[demand]?.add(task, blacklistCount: blacklistCount, sequence: sequence, &tasks)
    count += 1
  }

  mutating func remove<Payload>(
    _ task: TaskHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) {
    guard let demand = tasks.demand(of: task) else { return }
    queues[demand]?.remove(task, &tasks)
    count -= 1
    guard queues[demand]?.isEmpty ?? false else { return }
    queues[demand] = nil
    queues.shrinkIfSparse()
    engines.changeAwaited(by: -1, demand.resources)
  }

  /// The task with the best rank that the engine could run if it had no others.
  mutating func next<Payload>(
    for engine: EngineHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry,
    _ clients: inout ClientTable
  ) -> TaskHandle? {
    guard !isEmpty else { return nil }
    var best: TaskHandle?
    var index = queues.startIndex
    while index < queues.endIndex {
      if engines[engine].budget.covers(queues.keys[index].resources) {
        best = clients.better(best, queues.values[index].next(for: engines.token(of: engine), &tasks, &clients), &tasks)
      }
      queues.formIndex(after: &index)
    }
    return best
  }

  /// How many of the demands an engine could meet.
  func count(coveredBy budget: ResourceBudget) -> Int { queues.keys.count { budget.covers($0.resources) } }

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
  func possiblyEnding<Payload>(_ engines: EngineRegistry, _ tasks: TaskTable<Payload>) -> [TaskHandle] {
    let handles = queues.flatMap { demand, queue in
      let able = engines.able(demand.resources).count
      return able == 0 && demand.isUrgent
        ? queue.handles(tasks) : queue.possiblyExhausted(engineCount: able, tasks)
    }
    return handles.sorted { tasks[$0].sequence < tasks[$1].sequence }
  }

  /// What is wrong with the queue.
  func problems<Payload>(_ tasks: TaskTable<Payload>, _ engines: EngineRegistry) -> [String] {
    var problems: [String] = []
    for (demand, queue) in queues {
      if queue.isEmpty { problems.append("the queue of \(demand) is empty") }
      problems += queue.problems(tasks)
      for task in queue.handles(tasks) where tasks.demand(of: task) != demand {
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

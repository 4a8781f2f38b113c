import MartletWire

/// The tasks that no engine has: those that wait, and four kinds of queues of those that lack only an engine with room.
///
/// Of all tasks that an engine may take, the one with the best ``TaskRank`` goes first. A queue has an order for each client
/// and priority, that in which its tasks were queued; sequence numbers order the tasks of different queues.
struct TaskQueues {
  private var ready = ReadyTasks()
  private var excluded = ExcludedTasks()
  private(set) var demanding = DemandingTasks()
  private(set) var groups = EngineGroups()
  private var sequence = 0
  /// How many tasks are unplaced or waiting.
  private(set) var waitingCount = 0
  /// How many of the queued tasks may run beside how many others of their kind; not counting those that run alone.
  private var concurrencies: [UInt16: Int] = [:]

  /// How many tasks lack only an engine with room.
  var queuedCount: Int { ready.count + excluded.count + demanding.count + groups.taskCount }

  /// How many of these require nothing of an engine, and may run on one that comes.
  var openCount: Int { ready.count + excluded.count }

  /// The number of lanes that memory is allocated for.
  var capacity: Int { max(ready.capacity, excluded.capacity, demanding.capacity, groups.capacity) }

  /// Whether engines may be given tasks beyond their mark: not while a task with a blacklist is queued.
  @inline(__always)
  var allowsAhead: Bool { excluded.isEmpty }

  // MARK: - In and out

  /// Adds a task that is in no queue yet; it is to be placed in the same event.
  mutating func enter<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    if tasks[task].phase != .unplaced { tasks[task].phase = .unplaced }
    waitingCount += 1
  }

  /// Takes a task out of the queue it is in, to be placed again in the same event.
  mutating func take<Payload>(
    _ task: TaskHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) {
    switch tasks[task].phase {
    case .unplaced, .pending, .succeeded, .failed: return
    case .waiting: waitingCount -= 1
    case .ready, .excluded, .demanding, .grouped: noteConcurrency(of: task, -1, &tasks)
    }
    switch tasks[task].phase {
    case .unplaced, .waiting, .pending, .succeeded, .failed: break
    case .ready: ready.remove(task, &tasks)
    case .excluded: excluded.remove(task, &tasks)
    case .demanding: demanding.remove(task, &tasks, &engines)
    case .grouped: groups.remove(task, &tasks, &engines)
    }
    enter(task, &tasks)
  }

  /// Removes an unplaced task, which has been given to an engine or ends.
  mutating func leave() { waitingCount -= 1 }

  // MARK: - Placing unplaced tasks

  /// Lets a task wait.
  mutating func wait<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    tasks[task].phase = .waiting
  }

  /// Queues a task that any engine may take.
  ///
  /// - Parameter first: whether it goes before all others of its client that have its priority.
  mutating func appendReady<Payload>(
    _ task: TaskHandle, first: Bool, _ tasks: inout TaskTable<Payload>, _ clients: inout ClientTable
  ) {
    noteConcurrency(of: task, 1, &tasks)
    ready.add(task, first: first, sequence: nextSequence(), &tasks, &clients)
  }

  /// Queues a task that any engine outside its blacklist may take.
  mutating func appendExcluded<Payload>(_ task: TaskHandle, blacklistCount: Int, _ tasks: inout TaskTable<Payload>) {
    noteConcurrency(of: task, 1, &tasks)
    excluded.add(task, blacklistCount: blacklistCount, sequence: nextSequence(), &tasks)
  }

  /// Queues a task that any engine may take that has what it requires, outside its blacklist.
  mutating func appendDemanding<Payload>(
    _ task: TaskHandle, _ demand: ResourceDemand, blacklistCount: Int, _ tasks: inout TaskTable<Payload>,
    _ engines: inout EngineRegistry
  ) {
    noteConcurrency(of: task, 1, &tasks)
    demanding.add(task, demand, blacklistCount: blacklistCount, sequence: nextSequence(), &tasks, &engines)
  }

  /// Queues a task that only certain engines may take.
  ///
  /// - Parameters:
  ///   - members: these engines, in ascending order.
  ///   - first: whether it goes before all others of its client that have its priority and may be taken by these.
  mutating func appendGrouped<Payload>(
    _ task: TaskHandle, members: some Collection<EngineHandle>, first: Bool, _ tasks: inout TaskTable<Payload>,
    _ engines: inout EngineRegistry, _ clients: inout ClientTable
  ) {
    noteConcurrency(of: task, 1, &tasks)
    tasks[task].queued(as: .grouped, sequence: nextSequence())
    groups.add(task, members: members, first: first, &tasks, &engines, &clients)
  }

  @inline(__always)
  private mutating func noteConcurrency<Payload>(of task: TaskHandle, _ change: Int, _ tasks: inout TaskTable<Payload>)
  {
    let concurrency = tasks[task].concurrency
    guard concurrency > 1 else { return }
    let count = concurrencies[concurrency, default: 0] + change
    concurrencies[concurrency] = count > 0 ? count : nil
  }

  /// Whether an engine may have waited for a task that has left its queue, although it had room for one behind it: one that
  /// requires something else, or may run beside others.
  @inline(__always)
  func mayHaveHeldUpOthers<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) -> Bool {
    if hasDemanding, let demand = tasks.demand(of: task), !demand.resources.isEmpty,
      groups.demandingCount > 0 || demanding.hasOthers(than: demand)
    {
      return true
    }
    return !concurrencies.isEmpty && (concurrencies.count > 1 || concurrencies[tasks[task].concurrency] == nil)
  }

  /// The sequence number of a task that was unplaced and is queued.
  private mutating func nextSequence() -> Int {
    leave()
    sequence += 1
    return sequence
  }

  // MARK: - Taking

  // What reads the tasks takes them `inout`, too: passed by value, the table would be retained with all it refers to.

  /// The task with the best rank among those an engine may take.
  mutating func next<Payload>(
    for engine: EngineHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry,
    _ clients: inout ClientTable, now: Instant
  ) -> TaskHandle? {
    var best = ready.next(&tasks, &clients)
    if !excluded.isEmpty {
      best = clients.better(best, excluded.next(for: engines.token(of: engine), &tasks, &clients), &tasks)
    }
    if groups.taskCount > 0 {
      best = clients.better(best, groups.next(for: engine, &tasks, &engines, &clients), &tasks)
    }
    guard hasDemanding else { return best }
    return clients.better(best, nextDemanding(for: engine, &tasks, &engines, &clients, now: now), &tasks)
  }

  @inline(__always)
  private var hasDemanding: Bool { demanding.count + groups.demandingCount > 0 }

  /// The task with the best rank among those that require something an engine offers, if the engine has it left. If not, the
  /// engine waits until it has: others that require less would keep it from that forever.
  mutating func nextDemanding<Payload>(
    for engine: EngineHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry,
    _ clients: inout ClientTable, now: Instant
  ) -> TaskHandle? {
    let open = demanding.next(for: engine, &tasks, &engines, &clients, now: now)
    let grouped = groups.nextDemanding(for: engine, &tasks, &engines, &clients)
    guard let best = clients.better(open, grouped, &tasks), let demand = tasks.demand(of: best),
      engines[engine].budget.hasLeft(demand.resources)
    else { return nil }
    return best
  }

  /// An engine has registered.
  mutating func engineRegistered<Payload>(
    _ engine: EngineHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry,
    _ clients: inout ClientTable
  ) {
    engines[engine].awaitedCount = Int32(demanding.count(coveredBy: engines[engine].budget))
    groups.engineRegistered(engine, &tasks, &engines, &clients)
  }

  /// An engine is gone. Returns the tasks that no registered engine may take any more.
  mutating func engineUnregistered<Payload>(
    _ engine: EngineHandle, _ tasks: TaskTable<Payload>, _ engines: inout EngineRegistry
  ) -> [TaskHandle] {
    excluded.engineUnregistered(engines.token(of: engine))
    demanding.engineUnregistered(engines.token(of: engine))
    return groups.engineUnregistered(engine, tasks, &engines)
  }

  /// The tasks that may exclude every engine now that one has gone: few, unless most engines have gone.
  func possiblyExhausted<Payload>(engineCount: Int, _ tasks: TaskTable<Payload>) -> [TaskHandle] {
    excluded.possiblyExhausted(engineCount: engineCount, tasks)
  }

  /// What is before a task that any engine may take.
  func standing<Payload>(of task: TaskHandle, _ tasks: TaskTable<Payload>, limit: Int) -> TaskLanes.Standing {
    ready.standing(of: task, tasks, limit: limit)
  }

  // MARK: - Invariants

  /// What is wrong with the queues.
  func problems<Payload>(
    _ tasks: TaskTable<Payload>, _ engines: EngineRegistry, _ clients: ClientTable
  ) -> [String] {
    groups.problems(tasks, engines) + ready.problems(tasks, clients) + excluded.problems(tasks)
      + demanding.problems(tasks, engines)
  }
}

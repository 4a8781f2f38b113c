/// The tasks that no engine has: those that wait, and three kinds of queues of those that lack only an engine with room.
///
/// Every queue is in the order in which its tasks were queued; sequence numbers order the tasks of different queues.
struct TaskQueues {
  private var ready = TaskList()
  private var excluded = TaskList()
  /// The size of the largest blacklist in `excluded` since it was last empty.
  private var largestBlacklist = 0
  var groups = EngineGroups()
  private var sequence = 0
  /// How many tasks are unplaced or waiting.
  private(set) var waitingCount = 0

  /// How many tasks lack only an engine with room.
  var queuedCount: Int { ready.count + excluded.count + groups.taskCount }

  /// Whether engines may be given tasks beyond their mark: not while a task with a blacklist is queued.
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
    case .ready: tasks.unlink(task, from: &ready)
    case .excluded: unlinkExcluded(task, &tasks, &engines)
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
  /// - Parameter first: whether it goes before all others.
  mutating func appendReady<Payload>(_ task: TaskHandle, first: Bool, _ tasks: inout TaskTable<Payload>) {
    if first, let head = ready.first {
      leave()
      tasks[task].queued(as: .ready, sequence: tasks[head].sequence - 1)
      tasks.prepend(task, to: &ready)
    } else {
      number(task, .ready, &tasks)
      tasks.append(task, to: &ready)
    }
  }

  /// Queues a task that any engine outside its blacklist may take.
  mutating func appendExcluded<Payload>(_ task: TaskHandle, blacklistCount: Int, _ tasks: inout TaskTable<Payload>) {
    largestBlacklist = excluded.isEmpty ? blacklistCount : max(largestBlacklist, blacklistCount)
    number(task, .excluded, &tasks)
    tasks.append(task, to: &excluded)
  }

  /// Queues a task that only certain engines may take.
  mutating func appendGrouped<Payload>(
    _ task: TaskHandle, members: Set<EngineHandle>, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) {
    number(task, .grouped, &tasks)
    groups.append(task, members: members.sorted(), &tasks, &engines)
  }

  private mutating func number<Payload>(_ task: TaskHandle, _ phase: TaskPhase, _ tasks: inout TaskTable<Payload>) {
    leave()
    sequence += 1
    tasks[task].queued(as: phase, sequence: sequence)
  }

  // MARK: - Taking

  // What reads the tasks takes them `inout`, too: passed by value, the table would be retained with all it refers to.

  /// The task queued first among those an engine may take.
  mutating func next<Payload>(
    for engine: EngineHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) -> TaskHandle? {
    var best = ready.first
    if !excluded.isEmpty { best = earlier(best, nextExcluded(for: engine, &tasks, &engines), &tasks) }
    return earlier(best, groups.next(for: engine, &tasks, &engines), &tasks)
  }

  private func earlier<Payload>(
    _ left: TaskHandle?, _ right: TaskHandle?, _ tasks: inout TaskTable<Payload>
  ) -> TaskHandle? {
    guard let left, let right else { return left ?? right }
    return tasks[left].sequence < tasks[right].sequence ? left : right
  }

  /// The first task whose blacklist the engine is not on.
  ///
  /// The blacklist of a queued task doesn't change, so an engine goes on where it stopped, and a task is passed over at
  /// most as often as its blacklist is long.
  private func nextExcluded<Payload>(
    for engine: EngineHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) -> TaskHandle? {
    let token = engines.token(of: engine)
    var next = engines[engine].lastSkipped.map { tasks[$0].links.next } ?? excluded.first
    while let task = next, let constraints = tasks[task].constraints, tasks[constraints].blacklist.contains(token) {
      engines[engine].lastSkipped = task
      next = tasks[task].links.next
    }
    return next
  }

  /// The engines that passed over the task last are among those it excludes: they step back to the task before it.
  private mutating func unlinkExcluded<Payload>(
    _ task: TaskHandle, _ tasks: inout TaskTable<Payload>, _ engines: inout EngineRegistry
  ) {
    guard let constraints = tasks[task].constraints else { return }
    for token in tasks[constraints].blacklist
    where engines.isLatest(token) && engines[token.engine].lastSkipped == task {
      engines[token.engine].lastSkipped = tasks[task].links.previous
    }
    tasks.unlink(task, from: &excluded)
  }

  /// The tasks that may exclude every engine now that one has gone: few, unless most engines have gone.
  func possiblyExhausted<Payload>(engineCount: Int, _ tasks: TaskTable<Payload>) -> [TaskHandle] {
    engineCount > 0 && engineCount <= largestBlacklist ? tasks.handles(in: excluded) : []
  }

  // MARK: - Invariants

  /// What is wrong with the queues.
  func problems<Payload>(_ tasks: TaskTable<Payload>, _ engines: EngineRegistry) -> [String] {
    var problems = groups.problems(tasks, engines)
    for (list, phase) in [(ready, TaskPhase.ready), (excluded, .excluded)] {
      var last = Int.min
      for task in tasks.handles(in: list) {
        if tasks[task].phase != phase { problems.append("\(tasks[task].id) is \(tasks[task].phase) in \(phase)") }
        if tasks[task].sequence <= last { problems.append("\(tasks[task].id) is out of order") }
        last = tasks[task].sequence
      }
    }
    for task in tasks.handles(in: excluded) where tasks[task].constraints.map({ tasks[$0].blacklist.isEmpty }) ?? true {
      problems.append("\(tasks[task].id) is queued as excluded without a blacklist")
    }
    return problems
  }
}

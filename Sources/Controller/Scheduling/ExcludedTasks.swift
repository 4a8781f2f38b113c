/// The queue of tasks that any engine outside their blacklists may take: those that are tried again, or those with the same
/// ``ResourceDemand``.
///
/// To find one for an engine takes time in proportion to the number of lanes: most of the time there are few such tasks.
struct ExcludedTasks {
  private var lanes = TaskLanes()
  /// The last task of a lane that an engine passed over: all before it exclude the engine, too.
  private var passed: [LaneHandle: [EngineToken: TaskHandle]] = [:]
  /// The size of the largest blacklist since the queue was last empty.
  private var largestBlacklist = 0
  /// The phase of its tasks.
  private let phase: TaskPhase

  init(phase: TaskPhase = .excluded) { self.phase = phase }

  /// How many tasks are queued.
  var count: Int { lanes.taskCount }

  var isEmpty: Bool { lanes.taskCount == 0 }

  /// The number of lanes that memory is allocated for.
  var capacity: Int { max(lanes.capacity, passed.capacity) }

  /// Adds a task.
  ///
  /// - Parameter sequence: the latest sequence number.
  mutating func add<Payload>(
    _ task: TaskHandle, blacklistCount: Int, sequence: Int, _ tasks: inout TaskTable<Payload>
  ) {
    tasks[task].queued(as: phase, sequence: sequence)
    guard let client = tasks[task].client else { return }
    largestBlacklist = isEmpty ? blacklistCount : max(largestBlacklist, blacklistCount)
    let priority = tasks[task].priority
    lanes.add(task, to: lanes.find(client, priority) ?? lanes.make(client, priority), first: false, &tasks)
  }

  /// Removes a task. The engines that passed over it last are among those it excludes: they step back to the task before it.
  mutating func remove<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    if let lane = tasks[task].lane, passed[lane] != nil, let constraints = tasks[task].constraints {
      for token in tasks[constraints].blacklist where passed[lane]?[token] == task {
        passed[lane]?[token] = tasks[task].links.previous
      }
    }
    if let lane = lanes.remove(task, &tasks) {
      passed[lane] = nil
      passed.shrinkIfSparse()
    }
  }

  /// The task with the best rank whose blacklist the engine is not on.
  mutating func next<Payload>(
    for engine: EngineToken, _ tasks: inout TaskTable<Payload>, _ clients: inout ClientTable
  ) -> TaskHandle? {
    var best: TaskHandle?
    var next = lanes.first
    while let lane = next {
      next = lanes.next(after: lane)
      guard let task = first(of: lane, for: engine, &tasks) else { continue }
      best = clients.better(best, task, &tasks)
    }
    return best
  }

  /// The first task of a lane whose blacklist the engine is not on.
  ///
  /// The blacklist of a queued task doesn't change, so an engine goes on where it stopped, and a task is passed over at
  /// most as often as its blacklist is long.
  private mutating func first<Payload>(
    of lane: LaneHandle, for engine: EngineToken, _ tasks: inout TaskTable<Payload>
  ) -> TaskHandle? {
    let last = passed[lane]?[engine]
    var next = last.map { tasks[$0].links.next } ?? lanes.firstTask(of: lane)
    var skipped: TaskHandle?
    while let task = next, let constraints = tasks[task].constraints, tasks[constraints].blacklist.contains(engine) {
      skipped = task
      next = tasks[task].links.next
    }
    if let skipped { passed[lane, default: [:]][engine] = skipped }
    return next
  }

  /// An engine is gone, and comes back as another.
  mutating func engineUnregistered(_ engine: EngineToken) {
    for lane in passed.keys { passed[lane]?[engine] = nil }
  }

  /// The tasks that may exclude every engine now that one has gone: few, unless most engines have gone.
  func possiblyExhausted<Payload>(engineCount: Int, _ tasks: TaskTable<Payload>) -> [TaskHandle] {
    engineCount > 0 && engineCount <= largestBlacklist ? lanes.handles(tasks) : []
  }

  /// All tasks.
  func handles<Payload>(_ tasks: TaskTable<Payload>) -> [TaskHandle] { lanes.handles(tasks) }

  /// What is wrong with the queue.
  func problems<Payload>(_ tasks: TaskTable<Payload>) -> [String] {
    var problems = lanes.problems(tasks, phase)
    guard phase == .excluded else { return problems }
    for task in lanes.handles(tasks) where tasks[task].constraints.map({ tasks[$0].blacklist.isEmpty }) ?? true {
      problems.append("\(tasks[task].id) is queued as excluded without a blacklist")
    }
    return problems
  }
}

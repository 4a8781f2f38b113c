/// The queue of tasks that any engine outside their blacklists may take: those that are tried again, or those with the same
/// ``ResourceDemand/Kind``.
///
/// To find one for an engine takes time in proportion to the number of lanes: most of the time there are few such tasks.
struct ExcludedTasks {
  private var lanes = TaskLanes()
  /// The last task of a lane that an engine passed over: all before it exclude the engine, too, or take longer than it has left.
  private var passed: [LaneHandle: [EngineToken: TaskHandle]] = [:]
  /// The size of the largest blacklist since the queue was last empty.
  private var largestBlacklist = 0
  /// The phase of its tasks.
  private let phase: TaskPhase
  /// Whether the tasks require time.
  private let isTimed: Bool

  init(phase: TaskPhase = .excluded, isTimed: Bool = false) {
    self.phase = phase
    self.isTimed = isTimed
  }

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

  /// Removes a task. The engines that passed over it last step back to the task before it. Unless tasks require time, they are
  /// among those it excludes.
  mutating func remove<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    if let lane = tasks[task].lane, passed[lane] != nil, let constraints = tasks[task].constraints {
      let candidates = isTimed ? passed[lane].map { Set($0.keys) } ?? [] : tasks[constraints].blacklist
      for token in candidates where passed[lane]?[token] == task {
        passed[lane]?[token] = tasks[task].links.previous
      }
    }
    if let lane = lanes.remove(task, &tasks) {
      passed[lane] = nil
      passed.shrinkIfSparse()
    }
  }

  /// The task with the best rank whose blacklist the engine is not on.
  ///
  /// - Parameter time: what the engine has left, if that matters.
  mutating func next<Payload>(
    for engine: EngineToken, time: Duration? = nil, _ tasks: inout TaskTable<Payload>, _ clients: inout ClientTable
  ) -> TaskHandle? {
    var best: TaskHandle?
    var next = lanes.first
    while let lane = next {
      next = lanes.next(after: lane)
      guard let task = first(of: lane, for: engine, time, &tasks) else { continue }
      best = clients.better(best, task, &tasks)
    }
    return best
  }

  /// The first task of a lane whose blacklist the engine is not on, and for which it has the time.
  ///
  /// The blacklist of a queued task doesn't change, and an engine has less and less time, so it goes on where it stopped: a task
  /// is passed over at most once by each engine on its blacklist, and by each with too little time.
  private mutating func first<Payload>(
    of lane: LaneHandle, for engine: EngineToken, _ time: Duration?, _ tasks: inout TaskTable<Payload>
  ) -> TaskHandle? {
    let last = passed[lane]?[engine]
    var next = last.map { tasks[$0].links.next } ?? lanes.firstTask(of: lane)
    var skipped: TaskHandle?
    while let task = next, let constraints = tasks[task].constraints,
      tasks[constraints].blacklist.contains(engine) || time != nil && tasks[constraints].takesLonger(than: time)
    {
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

  /// Those with blacklists, and those that take longer than a time.
  func handles<Payload>(longerThan time: Duration?, _ tasks: TaskTable<Payload>) -> [TaskHandle] {
    handles(tasks).filter {
      tasks[$0].constraints.map { !tasks[$0].blacklist.isEmpty || tasks[$0].takesLonger(than: time) } ?? false
    }
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

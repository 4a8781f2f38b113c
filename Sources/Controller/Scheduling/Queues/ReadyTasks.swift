/// The queue of tasks that any engine may take.
///
/// Each lane has one entry in a heap. The rank in the heap may be better than the lane's, whose client has had its turn
/// since; it is corrected when the entry comes up.
struct ReadyTasks {
  private struct Entry: Comparable {
    var rank: TaskRank
    var lane: LaneHandle
    var serial: UInt64

    static func < (left: Entry, right: Entry) -> Bool { left.rank < right.rank }
  }

  private var lanes = TaskLanes()
  private var heap = LazyHeap<Entry>()

  /// How many tasks are queued.
  var count: Int { lanes.taskCount }

  /// The number of lanes that memory is allocated for.
  var capacity: Int { max(lanes.capacity, heap.capacity) }

  /// Adds a task at the end of its lane, or before all others of it.
  ///
  /// - Parameter sequence: the latest sequence number.
  mutating func add<Payload>(
    _ task: TaskHandle, first: Bool, sequence: Int, _ tasks: inout TaskTable<Payload>, _ clients: inout ClientTable
  ) {
    tasks[task].queued(as: .ready, sequence: sequence)
    guard let client = tasks[task].client else { return }
    let priority = tasks[task].priority
    if let lane = lanes.find(client, priority) {
      if first, let head = lanes.firstTask(of: lane) { tasks[task].sequence = tasks[head].sequence - 1 }
      return lanes.add(task, to: lane, first: first, &tasks)
    }
    let lane = lanes.make(client, priority)
    lanes.add(task, to: lane, first: false, &tasks)
    heap.insert(Entry(rank: clients.rank(of: task, &tasks), lane: lane, serial: lanes.serial(of: lane)))
  }

  mutating func remove<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    guard lanes.remove(task, &tasks) != nil else { return }
    heap.prune(live: lanes.count) { [lanes] in lanes.isCurrent($0.lane, $0.serial) }
  }

  /// The task with the best rank.
  mutating func next<Payload>(_ tasks: inout TaskTable<Payload>, _ clients: inout ClientTable) -> TaskHandle? {
    // Of a single lane the heap knows nothing new.
    if lanes.count <= 1 { return lanes.first.flatMap { lanes.firstTask(of: $0) } }
    while let top = heap.min {
      guard lanes.isCurrent(top.lane, top.serial), let first = lanes.firstTask(of: top.lane) else {
        heap.popMin()
        continue
      }
      let rank = clients.rank(of: first, &tasks)
      if rank == top.rank { return first }
      heap.replaceMin(with: Entry(rank: rank, lane: top.lane, serial: top.serial))
    }
    return nil
  }

  /// What is before a task.
  func standing<Payload>(of task: TaskHandle, _ tasks: TaskTable<Payload>, limit: Int) -> TaskLanes.Standing {
    lanes.standing(of: task, tasks, limit: limit)
  }

  /// What is wrong with the queue.
  func problems<Payload>(_ tasks: TaskTable<Payload>, _ clients: ClientTable) -> [String] {
    var tasks = tasks
    var problems = lanes.problems(tasks, .ready)
    var found: Set<LaneHandle> = []
    for entry in heap.unordered where lanes.isCurrent(entry.lane, entry.serial) {
      if !found.insert(entry.lane).inserted { problems.append("a lane is twice in the heap") }
      guard let first = lanes.firstTask(of: entry.lane) else { continue }
      let rank = clients.rank(of: first, &tasks)
      if (rank.turn, rank.priority) < (entry.rank.turn, entry.rank.priority) {
        problems.append("\(tasks[first].id) has a better rank than its lane")
      }
    }
    if found.count != lanes.count { problems.append("\(found.count) lanes in the heap, not \(lanes.count)") }
    return problems
  }
}

/// The tasks of one client with the same priority in one queue, in the order in which they are to start. A lane exists while
/// it holds tasks.
struct TaskLane: ListElement {
  typealias Tag = LaneTag

  let client: ClientHandle
  let priority: Int8
  /// Tells the lane from earlier ones at the same position.
  let serial: UInt64
  var tasks = TaskList()
  /// Links among the lanes of the queue.
  var links = ListLinks<LaneTag>()
}

/// The lanes of a queue.
struct TaskLanes {
  private var lanes = Slab<LaneTag, TaskLane>(
    vacant: TaskLane(client: ClientHandle(index: 0), priority: 0, serial: 0))
  /// The lanes by client and priority.
  private var index = IdentifierTable<LaneTag>()
  private var all = HandleList<LaneTag>()
  /// The lane of the latest task, kept because tasks come in runs.
  private var latest: LaneHandle?
  private var latestSerial: UInt64 = 0
  /// How many tasks are queued.
  private(set) var taskCount = 0

  /// The number of lanes that memory is allocated for.
  var capacity: Int { max(lanes.capacity, index.capacity) }

  /// The number of lanes.
  @inline(__always)
  var count: Int { all.count }

  /// The first of all lanes, in the order in which they were made.
  @inline(__always)
  var first: LaneHandle? { all.first }

  /// The lane that was made after another one.
  func next(after lane: LaneHandle) -> LaneHandle? { lanes[lane].links.next }

  /// Whether a lane is still the one that had this serial number.
  @inline(__always)
  func isCurrent(_ lane: LaneHandle, _ serial: UInt64) -> Bool {
    lanes.contains(lane) && lanes[lane].serial == serial
  }

  @inline(__always)
  func serial(of lane: LaneHandle) -> UInt64 { lanes[lane].serial }

  /// The task of a lane that is to start next.
  @inline(__always)
  func firstTask(of lane: LaneHandle) -> TaskHandle? { lanes[lane].tasks.first }

  /// All tasks, lane by lane.
  func handles<Payload>(_ tasks: TaskTable<Payload>) -> [TaskHandle] {
    var handles: [TaskHandle] = []
    var next = all.first
    while let lane = next {
      handles += tasks.handles(in: lanes[lane].tasks)
      next = lanes[lane].links.next
    }
    return handles
  }

  /// The lane that the tasks of a client with a priority are in, if there is one.
  mutating func find(_ client: ClientHandle, _ priority: Int8) -> LaneHandle? {
    if let latest, lanes.contains(latest), lanes[latest].client == client, lanes[latest].priority == priority {
      return latest
    }
    latest = index.find(hash: Self.hash(client, priority)) {
      lanes[$0].client == client && lanes[$0].priority == priority
    }
    return latest
  }

  /// Makes the lane of a client and a priority that have none. A task has to be added next.
  mutating func make(_ client: ClientHandle, _ priority: Int8) -> LaneHandle {
    latestSerial += 1
    let lane = lanes.insert(TaskLane(client: client, priority: priority, serial: latestSerial))
    index.insert(hash: Self.hash(client, priority), lane)
    lanes.append(lane, to: &all)
    latest = lane
    return lane
  }

  /// Adds a task to its lane, at the end or before all others.
  mutating func add<Payload>(
    _ task: TaskHandle, to lane: LaneHandle, first: Bool, _ tasks: inout TaskTable<Payload>
  ) {
    tasks[task].lane = lane
    if first { tasks.prepend(task, to: &lanes[lane].tasks) } else { tasks.append(task, to: &lanes[lane].tasks) }
    taskCount += 1
  }

  /// Removes a task. Returns its lane if that is gone.
  @discardableResult
  mutating func remove<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) -> LaneHandle? {
    guard let lane = tasks[task].lane else { return nil }
    tasks[task].lane = nil
    tasks.unlink(task, from: &lanes[lane].tasks)
    taskCount -= 1
    guard lanes[lane].tasks.isEmpty else { return nil }
    index.remove(hash: Self.hash(lanes[lane].client, lanes[lane].priority), lane)
    lanes.unlink(lane, from: &all)
    lanes.remove(lane)
    return lane
  }

  /// What is before a task in its queue.
  struct Standing: Equatable {
    /// Tasks of its client with its priority.
    var before = 0
    /// Tasks with a higher priority.
    var urgent = 0
    /// Other clients with tasks of its priority.
    var clients = 0
  }

  /// What is before a task.
  ///
  /// - Parameter limit: the most tasks of its own lane that are counted.
  func standing<Payload>(of task: TaskHandle, _ tasks: TaskTable<Payload>, limit: Int) -> Standing {
    var standing = Standing()
    var previous = tasks[task].links.previous
    while let other = previous, standing.before < limit {
      standing.before += 1
      previous = tasks[other].links.previous
    }
    var next = all.first
    while let lane = next {
      if lanes[lane].priority > tasks[task].priority {
        standing.urgent += lanes[lane].tasks.count
      } else if lanes[lane].priority == tasks[task].priority, lane != tasks[task].lane {
        standing.clients += 1
      }
      next = lanes[lane].links.next
    }
    return standing
  }

  private static func hash(_ client: ClientHandle, _ priority: Int8) -> UInt32 {
    UInt32(bitPattern: client.index) &* 0x9E37_79B1 &+ UInt32(UInt8(bitPattern: priority)) &* 0x85EB_CA6B
  }

  /// What is wrong with the lanes.
  ///
  /// - Parameter phase: that of their tasks.
  func problems<Payload>(_ tasks: TaskTable<Payload>, _ phase: TaskPhase) -> [String] {
    var problems: [String] = []
    var (count, next) = (0, all.first)
    while let lane = next {
      let (client, priority) = (lanes[lane].client, lanes[lane].priority)
      if lanes[lane].tasks.isEmpty { problems.append("a lane of \(phase) tasks is empty") }
      var last = Int.min
      for task in tasks.handles(in: lanes[lane].tasks) {
        count += 1
        let id = tasks[task].id
        if tasks[task].phase != phase { problems.append("\(id) is \(tasks[task].phase) in \(phase)") }
        if tasks[task].sequence <= last { problems.append("\(id) is out of order") }
        if tasks[task].lane != lane || tasks[task].client != client || tasks[task].priority != priority {
          problems.append("\(id) is in the wrong lane")
        }
        last = tasks[task].sequence
      }
      next = lanes[lane].links.next
    }
    if count != taskCount { problems.append("\(count) tasks are \(phase), not \(taskCount)") }
    if index.count != all.count || lanes.count != all.count { problems.append("lanes of \(phase) tasks differ") }
    return problems
  }
}

/// The timers of queued tasks with a timeout or a deadline.
struct TaskTimers {
  private struct Timer: Comparable {
    var deadline: Instant
    var task: TaskHandle
    var serial: UInt64

    static func < (left: Timer, right: Timer) -> Bool {
      (left.deadline, left.serial) < (right.deadline, right.serial)
    }
  }

  private var heap = LazyHeap<Timer>()
  private var latestSerial: UInt64 = 0
  /// How many timers run.
  private(set) var count = 0

  /// The number of timers that memory is allocated for.
  var capacity: Int { heap.capacity }

  /// When ``popDue(_:)`` is due next; the timer may have been stopped since.
  var nextDeadline: Instant? { heap.min?.deadline }

  /// Starts the timer of a task that has a timeout or a deadline.
  mutating func start<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>, now: Instant) {
    guard let constraints = tasks[task].constraints, tasks[constraints].isTimed else { return }
    let (timeout, deadline) = (tasks[constraints].timeout.map { now + $0 }, tasks[constraints].deadline)
    let end = if let timeout, let deadline { min(timeout, deadline) } else { timeout ?? deadline }
    guard let end else { return }
    latestSerial += 1
    count += 1
    tasks[constraints].timer = latestSerial
    heap.insert(Timer(deadline: end, task: task, serial: latestSerial))
  }

  /// Stops the timer of a task, if it runs.
  mutating func stop<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    guard let constraints = tasks[task].constraints, tasks[constraints].timer != nil else { return }
    tasks[constraints].timer = nil
    count -= 1
    heap.prune(live: count) { Self.runs($0, tasks) }
  }

  /// Removes the timer with the next deadline; returns `nil` if it was stopped before.
  mutating func popNext<Payload>(_ tasks: TaskTable<Payload>) -> TaskHandle? {
    heap.popMin().flatMap { Self.runs($0, tasks) ? $0.task : nil }
  }

  private static func runs<Payload>(_ timer: Timer, _ tasks: TaskTable<Payload>) -> Bool {
    guard tasks.contains(timer.task), let constraints = tasks[timer.task].constraints else { return false }
    return tasks[constraints].timer == timer.serial
  }

  /// What is wrong with the timers.
  func problems<Payload>(_ tasks: TaskTable<Payload>) -> [String] {
    var problems: [String] = []
    var running = 0
    tasks.visit { _, task in
      guard let constraints = task.constraints, tasks[constraints].timer != nil else { return }
      running += 1
      if !task.phase.isQueued { problems.append("the timer of \(task.id) runs, but the task is \(task.phase)") }
    }
    if running != count { problems.append("\(running) timers run, not \(count)") }
    return problems
  }
}

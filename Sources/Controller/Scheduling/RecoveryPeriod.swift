/// The time after a restart of the controller in which engines of the earlier one come back, and the tasks that wait for
/// them.
struct RecoveryPeriod {
  /// When the engines that have not come back are gone for good; `nil` if none is awaited.
  private(set) var end: Instant?
  /// The tasks whose targets have not come back.
  private var tasks: [TaskHandle] = []

  mutating func begin(until end: Instant) { self.end = end }

  mutating func finish() { end = nil }

  /// Whether a task waits for engines to come back.
  func contains(_ task: TaskHandle) -> Bool { tasks.contains(task) }

  /// A task waits for engines to come back.
  mutating func add(_ task: TaskHandle) { tasks.append(task) }

  /// Takes the tasks, some of which may have ended or gone to engines since.
  mutating func takeTasks() -> [TaskHandle] {
    defer { tasks = [] }
    return tasks
  }
}

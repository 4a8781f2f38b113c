/// The latest finished tasks, which other tasks may depend on.
struct TaskHistory {
  private var finished = TaskList()
  private let limit: Int

  init(limit: Int) { self.limit = max(0, limit) }

  /// How many finished tasks are remembered.
  var count: Int { finished.count }

  mutating func append<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    tasks.append(task, to: &finished)
  }

  /// Forgets a finished task.
  mutating func forget<Payload>(_ task: TaskHandle, _ tasks: inout TaskTable<Payload>) {
    tasks.unlink(task, from: &finished)
    tasks.remove(task)
  }

  /// Forgets the oldest tasks beyond the limit.
  mutating func trim<Payload>(_ tasks: inout TaskTable<Payload>) {
    while finished.count > limit, let oldest = finished.first { forget(oldest, &tasks) }
  }

  /// What is wrong with the history.
  func problems<Payload>(_ tasks: TaskTable<Payload>) -> [String] {
    var count = 0
    tasks.visit { _, task in if task.phase.isFinished { count += 1 } }
    var problems = count == finished.count ? [] : ["\(count) tasks have ended, not \(finished.count)"]
    for task in tasks.handles(in: finished) where !tasks[task].phase.isFinished {
      problems.append("\(tasks[task].id) is \(tasks[task].phase) in the history")
    }
    return problems
  }
}

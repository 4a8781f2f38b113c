extension TaskSchedulerState {
  /// Whether the dependencies of a task are met.
  @inline(__always)
  func isReady(_ task: TaskHandle) -> Bool {
    guard let constraints = tasks[task].constraints else { return true }
    return tasks[constraints].isReady
  }

  /// Tells the dependents of an ended task, and notes those to be placed.
  mutating func tellDependents(of task: TaskHandle) {
    let success = tasks[task].phase == .succeeded
    let engine = tasks[task].engine
    while let (dependent, kind) = dependencies.popDependent(of: task, &tasks) {
      guard let constraints = tasks[dependent].constraints else { continue }
      let hasNewEngine = tasks[constraints].dependencyEnded(kind, success: success, on: engine)
      guard tasks[dependent].phase.isQueued else { continue }
      if tasks[constraints].isImpossible {
        fail(dependent, .impossibleDependency)
      } else if tasks[constraints].isReady,
        tasks[dependent].phase == .waiting || hasNewEngine
      {
        consequences.place(dependent)
      }
    }
  }
}

extension TaskSchedulerState {
  /// Checks the invariants in debug builds while there are few tasks and engines. To be called at the end of each event.
  func checkInvariants() {
    assert(tasks.count + engines.count > 64 || problems().isEmpty, "\(problems())")
  }

  /// What is wrong with the state; empty between events, whatever they were. Linear in the number of tasks and engines.
  func problems() -> [String] {
    var problems: [String] = []
    var (waiting, queued, constrained) = (0, 0, 0)
    if !consequences.isEmpty { problems.append("the last event is not over") }
    tasks.visit { handle, task in
      func note(_ text: String) { problems.append("\(task.id) is \(task.phase), but \(text)") }
      let isFinished = task.phase.isFinished
      if tasks.find(task.id) != handle { note("its id leads elsewhere") }
      if isFinished != (task.payload == nil) { note("its payload is \(isFinished ? "there" : "gone")") }
      if isFinished != (task.client == nil) { note("its client is \(isFinished ? "there" : "gone")") }
      if task.constraints != nil { constrained += 1 }
      switch task.phase {
      case .unplaced: note("the event is over")
      case .waiting:
        waiting += 1
        if task.constraints == nil { note("has nothing to wait for") }
      case .ready:
        queued += 1
        if !isReady(handle) { note("its dependencies are open") }
      case .excluded, .demanding, .grouped:
        queued += 1
        if !isReady(handle) { note("its dependencies are open") }
        if task.constraints == nil { note("any engine may take it") }
      case .pending:
        if !(task.engine.map { engines.isLatest($0) } ?? false) { note("its engine is unknown") }
      case .succeeded, .failed:
        if task.constraints != nil || task.firstDependent != nil { note("still has constraints or dependents") }
      }
      if task.phase.isQueued, task.engine != nil { note("has an engine") }
    }
    if waiting != waitingCount { problems.append("\(waiting) tasks wait, not \(waitingCount)") }
    if queued != queuedCount { problems.append("\(queued) tasks are queued, not \(queuedCount)") }
    if constrained != tasks.constrainedCount {
      problems.append("\(constrained) constraints, not \(tasks.constrainedCount)")
    }
    problems += engines.problems(tasks)
    problems += queues.problems(tasks, engines, clients)
    problems += dependencies.problems(tasks)
    problems += clients.problems(tasks)
    problems += timers.problems(tasks)
    problems += history.problems(tasks)
    return problems
  }
}

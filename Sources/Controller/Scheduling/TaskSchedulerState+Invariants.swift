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
      func require(_ condition: Bool, _ text: String) {
        if !condition { problems.append("\(task.id) is \(task.phase), but \(text)") }
      }
      require(tasks.find(task.id) == handle, "its id leads elsewhere")
      require(
        task.phase.isFinished == (task.payload == nil), "its payload is \(task.payload == nil ? "gone" : "there")")
      require(task.phase.isFinished == (task.client == nil), "its client is \(task.client == nil ? "gone" : "there")")
      if task.constraints != nil { constrained += 1 }
      switch task.phase {
      case .unplaced: require(false, "the event is over")
      case .waiting:
        waiting += 1
        require(task.constraints != nil, "has nothing to wait for")
      case .ready:
        queued += 1
        require(isReady(handle), "its dependencies are open")
      case .excluded, .demanding, .grouped:
        queued += 1
        require(isReady(handle), "its dependencies are open")
        require(task.constraints != nil, "any engine may take it")
      case .pending:
        require(task.engine.map { engines.isLatest($0) } ?? false, "its engine is unknown")
      case .succeeded, .failed:
        require(task.constraints == nil && task.firstDependent == nil, "still has constraints or dependents")
      }
      if task.phase.isQueued { require(task.engine == nil, "has an engine") }
    }
    if waiting != waitingCount { problems.append("\(waiting) tasks wait, not \(waitingCount)") }
    if queued != queuedCount { problems.append("\(queued) tasks are queued, not \(queuedCount)") }
    if constrained != tasks.constrainedCount {
      problems.append("\(constrained) constraints, not \(tasks.constrainedCount)")
    }
    return problems + engines.problems(tasks) + queues.problems(tasks, engines, clients) + dependencies.problems(tasks)
      + clients.problems(tasks) + timers.problems(tasks) + history.problems(tasks)
  }
}

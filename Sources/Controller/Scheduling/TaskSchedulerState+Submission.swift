extension TaskSchedulerState {
  /// A client submitted a task: it is sent, queued, refused as a duplicate of one in flight, or failed because a
  /// dependency is invalid or impossible.
  ///
  /// The id of a finished task may be used again; the new task takes the place of the old in dependencies.
  public mutating func taskSubmitted(_ submission: TaskSubmission<Payload>, now: ContinuousClock.Instant) {
    self.now = now
    let hash = IdentifierTable.hash(submission.id)
    if let known = tasks.find(submission.id, hash: hash) {
      guard tasks[known].phase.isFinished else {
        actions.append(.duplicate(submission.payload, taskID: submission.id))
        return
      }
      forget(known)
    }
    var record = ScheduledTask(
      id: submission.id, payload: submission.payload, hash: hash, retries: Int32(clamping: max(0, submission.retries)))
    record.client = internClient(submission.client)
    clients[Int(record.client)].inFlight += 1
    let task = tasks.insert(record)
    enterWaiting(task)

    let isPlain =
      submission.targets.isEmpty && submission.after.ids.isEmpty && submission.follow.ids.isEmpty
      && submission.timeout == nil
    if isPlain {
      place(task)
    } else if let reason = constrain(task, submission) {
      fail(task, reason)
    } else {
      if isReady(task) { place(task) }
      armTimer(task)
    }
    settle()
  }

  /// Records what restricts a task, and counts what its dependencies still lack.
  private mutating func constrain(_ task: Int32, _ submission: TaskSubmission<Payload>) -> TaskFailureReason? {
    let slot = newConstraints(for: task)
    constraints[slot].targets = submission.targets
    constraints[slot].timeout = submission.timeout == .zero ? nil : submission.timeout
    if let reason = depend(task, on: submission.after, .after) { return reason }
    return depend(task, on: submission.follow, .follow)
  }

  private mutating func depend(
    _ task: Int32, on condition: TaskDependency, _ kind: DependencyGraph.Kind
  ) -> TaskFailureReason? {
    guard !condition.ids.isEmpty else { return nil }
    guard condition.success || condition.failure else { return .invalidDependency }
    let slot = Int(tasks[task].constraints)
    var progress = DependencyProgress(condition: condition)
    var isInvalid = false
    var dependencies: [Int32] = []
    for id in condition.ids {
      guard let dependency = tasks.find(id, hash: IdentifierTable.hash(id)), dependency != task else {
        isInvalid = true
        continue
      }
      dependencies.append(dependency)
      if !tasks[dependency].phase.isFinished { progress.open += 1 }
    }
    for dependency in dependencies where tasks[dependency].phase.isFinished {
      progress.record(success: tasks[dependency].phase == .succeeded)
      if kind == .follow { noteLocation(of: dependency, for: slot, condition) }
    }
    // As in the original, `after` on any of several tasks is not looked at further once one of them fits.
    if isInvalid && !(kind == .after && !condition.all && progress.isMet) { return .invalidDependency }
    if kind == .after {
      constraints[slot].after = progress
    } else {
      constraints[slot].follow = progress
    }
    if constraints[slot].isImpossible { return .impossibleDependency }
    if kind == .after && progress.isMet { return nil }
    for dependency in dependencies where !tasks[dependency].phase.isFinished {
      link(task, to: dependency, kind)
    }
    return nil
  }
}

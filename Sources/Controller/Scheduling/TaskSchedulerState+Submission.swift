extension TaskSchedulerState {
  /// A client submitted a task: it is dispatched, queued, dropped as a duplicate of one in flight, refused because the
  /// queue is full, or failed because a dependency is invalid or impossible.
  ///
  /// The id of a finished task may be used again; the new task replaces the old one in dependencies. A repeated submission
  /// is dropped then, too.
  mutating func taskSubmitted(_ submission: TaskSubmission<Payload>, now: Instant) {
    self.now = now
    guard !defers(submission) else { return }
    accept(submission)
    if deferred.awaited.contains(submission.id) { acceptDeferred() }
  }

  /// - Parameter isNoted: whether the journal knows the task.
  mutating func accept(_ submission: TaskSubmission<Payload>, isNoted: Bool = false) {
    let hash = submission.id.identifierHash
    let known = tasks.find(submission.id, hash: hash)
    if let known, submission.isRepeated || !tasks[known].phase.isFinished {
      actions.append(.duplicate(submission.payload, taskID: submission.id))
      return
    }
    let client = clients.submitter(submission.client)
    if let excess = clients.excess(adding: submission.size, of: client) {
      if isNoted { actions.append(.changed(submission.payload, taskID: submission.id, .ended(isSuccess: false))) }
      actions.append(.fail(submission.payload, taskID: submission.id, .queueFull(excess)))
      return
    }
    if let known { history.forget(known, &tasks) }
    let task = tasks.insert(
      ScheduledTask(
        id: submission.id, hash: hash, payload: submission.payload, size: submission.size,
        retries: Int16(clamping: max(0, submission.retries)), client: client,
        priority: submission.priority, concurrency: submission.concurrency, isIdempotent: submission.isIdempotent))
    clients.taskAccepted(of: client, bytes: submission.size)
    enqueue(task)
    if reportsChanges, !isNoted { noteChange(task, .accepted) }

    if submission.isUnrestricted {
      place(task)
    } else if let reason = constrain(task, submission) {
      fail(task, reason)
    } else {
      if isReady(task) { place(task) } else { queues.wait(task, &tasks) }
      startTimer(task)
    }
    settle()
    checkInvariants()
  }

  /// Reports a change of a task. To be called if ``reportsChanges``.
  mutating func noteChange(_ task: TaskHandle, _ change: TaskChange) {
    guard let payload = tasks[task].payload else { return }
    actions.append(.changed(payload, taskID: tasks[task].id, change))
  }

  /// Records what restricts a task, and counts what its dependencies still lack.
  mutating func constrain(_ task: TaskHandle, _ submission: TaskSubmission<Payload>) -> TaskFailureReason? {
    let timeout = submission.timeout == .zero ? nil : submission.timeout
    let constraints = tasks.constrain(
      task,
      TaskConstraints(
        targets: submission.targets, timeout: timeout, retriesAnywhere: submission.retriesAnywhere,
        deadline: submission.deadline, demand: submission.demand))
    if isOverdue(task) { return .deadlinePassed }
    return depend(task, constraints, on: submission.after, .after)
      ?? depend(task, constraints, on: submission.follow, .follow)
  }

  private mutating func depend(
    _ task: TaskHandle, _ constraints: ConstraintsHandle, on condition: TaskDependency, _ kind: DependencyGraph.Kind
  ) -> TaskFailureReason? {
    guard !condition.ids.isEmpty else { return nil }
    guard condition.success || condition.failure else { return .invalidDependency }
    var progress = DependencyProgress(condition: condition)
    var isInvalid = false
    var found: [TaskHandle] = []
    for id in condition.ids {
      guard let dependency = tasks.find(id), dependency != task else {
        isInvalid = true
        continue
      }
      found.append(dependency)
      if tasks[dependency].phase.isFinished {
        progress.addEnded(success: tasks[dependency].phase == .succeeded)
      } else {
        progress.addOpen()
      }
    }
    // As in the original, `after` on any of several tasks is met as soon as one of them fits, whatever the others are.
    if isInvalid && !(kind == .after && !condition.all && progress.isMet) { return .invalidDependency }
    tasks[constraints].require(progress, kind)
    if kind == .follow {
      for dependency in found where tasks[dependency].phase.isFinished {
        let (engine, success) = (tasks[dependency].engine, tasks[dependency].phase == .succeeded)
        tasks[constraints].followed(success: success, on: engine)
      }
    }
    if tasks[constraints].isImpossible { return .impossibleDependency }
    if kind == .after && progress.isMet { return nil }
    for dependency in found where !tasks[dependency].phase.isFinished {
      dependencies.link(task, to: dependency, kind, &tasks)
    }
    return nil
  }
}

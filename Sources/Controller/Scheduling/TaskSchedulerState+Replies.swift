extension TaskSchedulerState {
  /// An engine replied to a task: the reply is delivered, or the task is tried on another engine.
  ///
  /// A failure is tried again while retries remain, and an unmet functional dependency always; both put the engine on
  /// the task's blacklist. A task that is returned goes to the head of the queue. A reply for a task that is not pending
  /// on that engine is only counted.
  mutating func replyArrived(
    from identity: EngineIdentity, taskID: String, outcome: TaskOutcome, reply: Payload, now: ContinuousClock.Instant
  ) {
    self.now = now
    guard let task = tasks.find(taskID), tasks[task].phase == .pending, let token = tasks[task].engine,
      engines[token.engine].identity == identity
    else {
      actions.append(.unknownReply(taskID: taskID, engine: identity))
      return
    }
    let engine = token.engine
    let hasMore = engines[engine].pending.count > 1
    if outcome == .returned {
      engines[engine].pace.returned(hasMore: hasMore)
      requeueReturned(task)
    } else {
      engines[engine].pace.finished(hasMore: hasMore, now: now)
      if isTriedAgain(task, after: outcome) {
        if outcome == .failed { tasks[task].retries -= 1 }
        retry(task, without: token, after: .reply(reply, identity))
      } else {
        deliver(task, taskID, reply, from: identity, success: outcome == .ok)
      }
    }
    if engines[engine].phase == .registered {
      serve(engine)
    } else if engines[engine].pending.isEmpty {
      engines.left(engine)
    }
    settle()
    checkInvariants()
  }

  private func isTriedAgain(_ task: TaskHandle, after outcome: TaskOutcome) -> Bool {
    switch outcome {
    case .ok, .aborted, .returned: false
    case .failed: tasks[task].retries > 0 && !clients.hasVanished(tasks[task].client)
    case .unmetDependency: !clients.hasVanished(tasks[task].client)
    }
  }

  /// Takes a task from its engine, and dispatches it to another or queues it.
  mutating func retry(_ task: TaskHandle, without token: EngineToken, after failure: LastFailure<Payload>) {
    takeFromEngine(task)
    let constraints = tasks[task].constraints ?? tasks.constrain(task, TaskConstraints())
    tasks[constraints].exclude(token, after: failure)
    enqueue(task)
    place(task)
    startTimer(task)
  }

  /// Takes a task that an engine has not begun, and dispatches it to another or queues it before all others. If its
  /// client is gone it is aborted, like the tasks that were queued when the client vanished.
  private mutating func requeueReturned(_ task: TaskHandle) {
    guard !clients.hasVanished(tasks[task].client) else { return fail(task, .aborted) }
    takeFromEngine(task)
    enqueue(task)
    place(task, first: true)
    startTimer(task)
  }

  private mutating func takeFromEngine(_ task: TaskHandle) {
    engines.end(task, &tasks)
    tasks[task].engine = nil
  }

  /// Adds a task that no engine has; the caller places it.
  mutating func enqueue(_ task: TaskHandle) {
    queues.enter(task, &tasks)
    clients.enqueue(task, &tasks)
  }

  /// Ends a task with an engine's reply.
  mutating func deliver(
    _ task: TaskHandle, _ id: String, _ reply: Payload, from engine: EngineIdentity, success: Bool
  ) {
    actions.append(.deliver(reply, taskID: id, engine: engine))
    end(task, success: success)
  }

  /// Ends a task with an error of the scheduler's own.
  mutating func fail(_ task: TaskHandle, _ reason: TaskFailureReason) {
    if let payload = tasks[task].payload { actions.append(.fail(payload, taskID: tasks[task].id, reason)) }
    end(task, success: false)
  }

  private mutating func end(_ task: TaskHandle, success: Bool) {
    if tasks[task].phase == .pending {
      engines.end(task, &tasks)
    } else {
      queues.take(task, &tasks, &engines)
      queues.leave()
      clients.dequeue(task, &tasks)
    }
    if tasks[task].constraints != nil {
      timers.stop(task, &tasks)
      dependencies.unlink(task, &tasks)
      tasks.removeConstraints(of: task)
    }
    if let client = tasks[task].finish(success: success) { clients.taskEnded(of: client, bytes: tasks[task].size) }
    history.append(task, &tasks)
    if tasks[task].firstDependent != nil { ended.append(task) }
  }
}

extension TaskSchedulerState {
  /// An engine replied to a task: the reply is delivered, or the task is tried on another engine.
  ///
  /// A failure is tried again while retries remain, and an unmet functional dependency always; both put the engine on
  /// the task's blacklist. A task that is returned goes to the head of the queue. A reply for a task that is not pending
  /// on that engine is only counted.
  ///
  /// - Parameters:
  ///   - attempt: the attempt that it is about; `nil` if the engine doesn't say. An engine that was given up may return an
  ///     earlier one when it has registered again and has got the task once more, and the reply to an earlier one may come
  ///     twice when the controller was restarted.
  ///   - cause: the error in the reply; asked for if the task is tried again after it.
  mutating func replyArrived(
    from identity: EngineIdentity, taskID: String, outcome: TaskOutcome, attempt: Int? = nil, reply: Payload,
    cause: @autoclosure () -> FailedAttempt.Cause = .error(name: "Error", text: ""),
    now: Instant
  ) {
    self.now = now
    guard let task = tasks.find(taskID), tasks[task].phase == .pending, let token = tasks[task].engine,
      engines[token.engine].identity == identity, attempt.map({ $0 == Int(tasks[task].attempt) }) ?? true
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
        retry(task, without: token, after: .reply(reply, identity), cause: outcome == .failed ? cause() : nil)
      } else {
        deliver(task, taskID, reply, from: identity, success: outcome == .ok)
      }
    }
    engineChanged(engine)
    settle()
    checkInvariants()
  }

  /// An engine has answered a probe: the tasks it was sent before and has not answered are lost, or it refuses them.
  ///
  /// - Parameter number: the probe's.
  mutating func probeAnswered(by identity: EngineIdentity, number: Int, now: Instant) {
    self.now = now
    guard let engine = engines.find(identity) else { return }
    while let task = engines[engine].pending.first, tasks[task].sequence <= number {
      engines[engine].pace.returned(hasMore: engines[engine].pending.count > 1)
      giveUp(task, after: .unanswered(identity, id: engines.id(of: engine)))
    }
    engineChanged(engine)
    settle()
    checkInvariants()
  }

  /// Gives an engine that has fewer tasks new ones, or forgets it if it is leaving and has none.
  mutating func engineChanged(_ engine: EngineHandle) {
    // The dependents of what it has done compete with what is queued.
    let mustQueue = consequences.hasEnded && queues.queuedCount > 0
    if mustQueue {
      engines.withhold(engine)
      queuesReady = true
      settle()
      queuesReady = false
    }
    defer { if mustQueue { serveAll() } }
    switch engines[engine].phase {
    case .registered:
      // Idle ones come first, which have not been given what became ready.
      serve(engine, ahead: !mustQueue)
      noteRetirement(engine)
    case .leaving: if engines[engine].pending.isEmpty { engines.left(engine) }
    case .named: break
    }
  }

  /// Tries a task again that got no answer from its engine, or ends it.
  mutating func giveUp(_ task: TaskHandle, after reason: TaskFailureReason) {
    guard let token = tasks[task].engine else { return }
    let isFree = needsNoRetry(task, after: reason)
    guard isFree || tasks[task].retries > 0, !clients.hasVanished(tasks[task].client), !isOverdue(task) else {
      return fail(task, reason)
    }
    if !isFree { tasks[task].retries -= 1 }
    retry(task, without: token, after: .ended(reason), cause: .ended(reason))
  }

  /// Whether a task without an answer may run again without a retry, because it may run twice. It may not do so forever.
  private func needsNoRetry(_ task: TaskHandle, after reason: TaskFailureReason) -> Bool {
    guard tasks[task].isIdempotent else { return false }
    // Whoever loses engines has been stopped before.
    if case .engineLost = reason { return true }
    return crashLimit == 0 || tasks[task].attempt < crashLimit
  }

  @inline(__always)
  private func isTriedAgain(_ task: TaskHandle, after outcome: TaskOutcome) -> Bool {
    switch outcome {
    case .ok, .aborted, .returned: false
    case .failed: tasks[task].retries > 0 && !clients.hasVanished(tasks[task].client) && !isOverdue(task)
    case .unmetDependency: !clients.hasVanished(tasks[task].client) && !isOverdue(task)
    }
  }

  /// Takes a task from its engine, and dispatches it to another or queues it.
  ///
  /// - Parameter cause: why the engine has failed the task; `nil` if it can't run it at all.
  private mutating func retry(
    _ task: TaskHandle, without token: EngineToken, after failure: LastFailure<Payload>, cause: FailedAttempt.Cause?
  ) {
    let attempt = cause.map {
      FailedAttempt(
        number: Int(tasks[task].attempt), engine: engines[token.engine].identity, time: now, cause: $0)
    }
    takeFromEngine(task)
    let constraints = tasks[task].constraints ?? tasks.constrain(task, TaskConstraints())
    tasks[constraints].exclude(token, after: failure, attempt: attempt)
    enqueue(task)
    place(task)
    noteRequeued(task)
  }

  /// Takes a task that an engine has not begun, and dispatches it to another or queues it before all others of its client
  /// that have its priority. If its client is gone it is aborted, like the tasks that were queued when the client vanished.
  private mutating func requeueReturned(_ task: TaskHandle) {
    guard !clients.hasVanished(tasks[task].client) else { return fail(task, .aborted) }
    guard !isOverdue(task) else { return fail(task, .deadlinePassed) }
    tasks[task].returned()
    takeFromEngine(task)
    enqueue(task)
    place(task, first: true)
    noteRequeued(task)
  }

  /// Takes tasks that their engine can't have begun, and dispatches them to others or queues them. Those that any engine
  /// may take go before all others of their clients that have their priorities, in their order.
  mutating func requeueUnbegun(_ unbegun: [TaskHandle]) {
    var free: [TaskHandle] = []
    var restricted: [TaskHandle] = []
    for task in unbegun {
      guard !clients.hasVanished(tasks[task].client) else {
        fail(task, .aborted)
        continue
      }
      guard !isOverdue(task) else {
        fail(task, .deadlinePassed)
        continue
      }
      takeFromEngine(task)
      enqueue(task)
      if case .anyEngine = eligibility(task) { free.append(task) } else { restricted.append(task) }
    }
    for task in free.reversed() { queues.appendReady(task, first: true, &tasks, &clients) }
    if !free.isEmpty { serveAll() }
    for task in free where tasks[task].concurrency > 1 { dispatchBeside(task) }
    for task in restricted { place(task) }
    for task in unbegun { noteRequeued(task) }
  }

  private mutating func takeFromEngine(_ task: TaskHandle) {
    engines.end(task, &tasks, now: now)
    tasks[task].engine = nil
  }

  /// Starts the timeout of a task that no engine has any more, and tells the driver, if it is queued.
  private mutating func noteRequeued(_ task: TaskHandle) {
    guard tasks[task].phase.isQueued else { return }
    startTimer(task)
    if reportsChanges { noteChange(task, .placed(placement(of: task))) }
    actions.append(.requeued(taskID: tasks[task].id))
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
    if reportsChanges { noteChange(task, .ended(isSuccess: success)) }
    actions.append(.deliver(reply, taskID: id, engine: engine, after: success ? nil : failures(of: task)))
    end(task, success: success)
  }

  /// Ends a task with an error of the scheduler's own.
  mutating func fail(_ task: TaskHandle, _ reason: TaskFailureReason) {
    if reportsChanges { noteChange(task, .ended(isSuccess: false)) }
    if let payload = tasks[task].payload {
      let failures = failures(of: task, includingLatest: !reason.isAboutAttempt)
      actions.append(.fail(payload, taskID: tasks[task].id, reason, after: failures))
    }
    end(task, success: false)
  }

  /// The failed attempts at a task.
  ///
  /// - Parameter includingLatest: whether with the latest attempt, or only those before it, because the task ends with that.
  @inline(__always)
  private func failures(of task: TaskHandle, includingLatest: Bool = false) -> [FailedAttempt]? {
    guard let constraints = tasks[task].constraints, let failures = tasks[constraints].failedAttempts else {
      return nil
    }
    let latest = Int(tasks[task].attempt)
    return includingLatest ? failures : failures.filter { $0.number < latest }
  }

  private mutating func end(_ task: TaskHandle, success: Bool) {
    if tasks[task].phase == .pending {
      engines.end(task, &tasks, now: now)
    } else {
      queues.take(task, &tasks, &engines)
      queues.leave()
      clients.dequeue(task, &tasks)
      if queues.mayHaveHeldUpOthers(task, &tasks) { consequences.taskHeldUpOthers() }
    }
    if tasks[task].constraints != nil {
      timers.stop(task, &tasks)
      dependencies.unlink(task, &tasks)
      tasks.removeConstraints(of: task)
    }
    if let client = tasks[task].finish(success: success) { clients.taskEnded(of: client, bytes: tasks[task].size) }
    history.append(task, &tasks)
    if tasks[task].firstDependent != nil { consequences.taskEnded(task) }
  }
}

/// Going on with the tasks of an earlier controller.
extension TaskSchedulerState {
  /// A task as a journal has it.
  struct Restored {
    var submission: TaskSubmission<Payload>
    /// `nil` if no engine ever had it.
    var placement: TaskPlacement?
  }

  /// Until then, tasks wait for targets that are not registered, instead of ending as impossible: engines of the earlier
  /// controller have to come back first.
  mutating func beginRecovery(until end: Instant) { recovery.begin(until: end) }

  /// Remembers a task that has ended, for the dependencies of others.
  ///
  /// Where it ended is not known any more, so it can't be followed.
  mutating func restoreEnded(_ id: String, isSuccess: Bool) {
    let hash = id.identifierHash
    guard tasks.find(id, hash: hash) == nil else { return }
    let task = tasks.insert(ScheduledTask(id: id, hash: hash, payload: nil, size: 0, retries: 0))
    _ = tasks[task].finish(success: isSuccess)
    history.append(task, &tasks)
    history.trim(&tasks)
  }

  /// Restores a task that has not ended, in the order in which they were accepted. One that an engine has waits for the
  /// engine, which may have begun it. All others are queued. ``endRestoring()`` has to follow.
  ///
  /// - Parameter patience: how long its engine has to come back.
  /// - Returns: whether it was restored; if not, there is one with this id.
  mutating func restore(_ restored: Restored, patience: Duration, now: Instant) -> Bool {
    self.now = now
    var submission = restored.submission
    // It was ready once, and stays so.
    if let attempt = restored.placement?.attempt, attempt > 0 { submission.after = TaskDependency() }
    let hash = submission.id.identifierHash
    if let known = tasks.find(submission.id, hash: hash) {
      guard tasks[known].phase.isFinished else { return false }
      history.forget(known, &tasks)
    }
    if restored.placement == nil, waitsForDependencies(submission) { return true }
    let client = clients.submitter(submission.client)
    let task = tasks.insert(
      ScheduledTask(
        id: submission.id, hash: hash, payload: submission.payload, size: submission.size,
        retries: restored.placement?.retries ?? Int16(clamping: max(0, submission.retries)), client: client,
        priority: submission.priority, concurrency: submission.concurrency, isIdempotent: submission.isIdempotent))
    tasks[task].restored(attempt: restored.placement?.attempt ?? 0)
    clients.taskAccepted(of: client, bytes: submission.size)
    enqueue(task)
    let failure = submission.isUnrestricted ? nil : constrain(task, submission)
    if let losses = restored.placement?.lossCount, losses > 0 {
      let constraints = tasks[task].constraints ?? tasks.constrain(task, TaskConstraints())
      tasks[constraints].restored(lossCount: losses)
    }
    if let engine = restored.placement?.engine {
      let expected = engines.expect(EngineIdentity(engine), within: patience, now: now)
      leave(task, on: expected, order: restored.placement?.order ?? 0)
    } else if let failure {
      fail(task, failure)
    } else {
      if isReady(task) { place(task) } else { queues.wait(task, &tasks) }
      startTimer(task)
    }
    settle()
    return true
  }

  /// Leaves a task on the engine to which the earlier controller gave it.
  private mutating func leave(_ task: TaskHandle, on engine: EngineHandle, order: Int) {
    queues.take(task, &tasks, &engines)
    queues.leave()
    clients.dequeue(task, &tasks)
    tasks[task].phase = .pending
    tasks[task].engine = engines.token(of: engine)
    engines.start(task, on: engine, &tasks, now: now)
    guard order > 0 else { return }
    tasks[task].sequence = order
    engines.resumeCount(after: order)
  }

  /// All tasks are restored: those on an engine get the order in which the engine was given them, which may be another
  /// than that of their acceptance. So it is known which of them can have begun.
  mutating func endRestoring() {
    var expected: [EngineHandle] = []
    engines.visit { if $1.isExpected { expected.append($0) } }
    for engine in expected {
      let pending = tasks.handles(in: engines[engine].pending)
      for task in pending { tasks.unlink(task, from: &engines[engine].pending) }
      for task in pending.sorted(by: { tasks[$0].sequence < tasks[$1].sequence }) {
        tasks.append(task, to: &engines[engine].pending)
      }
    }
    acceptDeferred()
    checkInvariants()
  }

  /// Notes the id of an engine of the earlier controller that is to come back.
  mutating func engineAwaited(_ identity: EngineIdentity, id: Int) {
    if let engine = engines.find(identity) { engines.name(engine, id: id) }
  }

  /// An engine of the earlier controller has come back. What it doesn't have, or has from an earlier attempt, never reached
  /// it and is queued again.
  mutating func engineReturned(
    _ engine: EngineHandle, id: Int?, _ abilities: EngineAbilities, tasks held: [String: Int]?
  ) {
    engines.revive(engine, id: id, abilities, now: now)
    queues.engineRegistered(engine, &tasks, &engines, &clients)
    if let held {
      requeueUnbegun(
        tasks.handles(in: engines[engine].pending).filter { held[tasks[$0].id] != Int(tasks[$0].attempt) })
    }
    placeRecovering()
    // Its replies may have come before it: tasks that it can't run, as no other engine could.
    placeExhaustedTasks()
    serve(engine)
    settle()
    checkInvariants()
  }

  /// Whether a task waits for engines of the earlier controller.
  func waitsForReturn(_ task: TaskHandle) -> Bool {
    guard recovery.end != nil, let constraints = tasks[task].constraints else { return false }
    let waits = !tasks[constraints].targets.isEmpty || tasks[constraints].demand?.isUrgent ?? false
    return waits && tasks[constraints].follow == nil
      && tasks[constraints].blacklist.isEmpty
  }

  /// Places the tasks that waited for engines of the earlier controller, one of which may have come back.
  mutating func placeRecovering() {
    for task in recovery.takeTasks() where tasks.contains(task) && tasks[task].phase == .waiting {
      consequences.place(task)
    }
  }

  /// Engines that have not come back by now are gone for good.
  mutating func endRecovery() {
    recovery.finish()
    placeRecovering()
    settle()
    acceptDeferred { _ in true }
  }

  // MARK: - Dependencies that may be sent again

  /// Keeps a task that depends on one that is unknown: the earlier controller may have lost that, and its client sends it
  /// again when it knows, which is after what waited in its sockets.
  ///
  /// - Returns: whether it is kept, or dropped because it is kept already.
  mutating func defers(_ submission: TaskSubmission<Payload>) -> Bool {
    guard recovery.end != nil else { return false }
    if deferred.contains(submission.id) {
      actions.append(.duplicate(submission.payload, taskID: submission.id))
      return true
    }
    guard tasks.find(submission.id) == nil, waitsForDependencies(submission) else { return false }
    // This controller may die, too.
    if reportsChanges { actions.append(.changed(submission.payload, taskID: submission.id, .accepted)) }
    return true
  }

  /// Keeps a task, if it depends on one that is unknown.
  private mutating func waitsForDependencies(_ submission: TaskSubmission<Payload>) -> Bool {
    guard recovery.end != nil else { return false }
    let missing = missingDependencies(of: submission)
    return !missing.isEmpty && deferred.keep(submission, missing)
  }

  private func missingDependencies(of submission: TaskSubmission<Payload>) -> [String] {
    guard !submission.isUnrestricted else { return [] }
    return (Array(submission.after.ids) + Array(submission.follow.ids)).filter {
      $0 != submission.id && tasks.find($0) == nil
    }
  }

  /// Accepts the kept tasks all of whose dependencies have been submitted.
  mutating func acceptDeferred() {
    while let index = deferred.firstIndex(where: { missingDependencies(of: $0).isEmpty }) {
      accept(deferred.remove(at: index), isNoted: reportsChanges)
    }
  }

  /// Accepts kept tasks as they are.
  mutating func acceptDeferred(where isChosen: (TaskSubmission<Payload>) -> Bool) {
    while let index = deferred.firstIndex(where: isChosen) {
      accept(deferred.remove(at: index), isNoted: reportsChanges)
    }
  }

  /// What a journal has to know about a task that has not ended.
  @inline(__always)
  func placement(of task: TaskHandle, on engine: EngineIdentity? = nil) -> TaskPlacement {
    TaskPlacement(
      engine: engine?.rawValue, attempt: tasks[task].attempt, retries: tasks[task].retries,
      lossCount: tasks[task].constraints.map { tasks[$0].lossCount } ?? 0,
      order: engine == nil ? 0 : tasks[task].sequence)
  }
}

extension TaskSchedulerState {
  /// Dispatches a task whose dependencies are met if an engine has room, else queues it; ends it if no engine can ever
  /// take it.
  ///
  /// - Parameter first: whether to queue it before all others of its client that have its priority, and may be taken by the
  ///   same engines; applies to tasks without a blacklist.
  mutating func place(_ task: TaskHandle, first: Bool = false) {
    queues.take(task, &tasks, &engines)
    var eligibility = eligibility(task)
    // Retries count attempts, not engines: what failed everywhere may be tried again anywhere.
    if eligibility.isNowhere, engines.registeredCount > 0, let constraints = tasks[task].constraints,
      tasks[constraints].forgive()
    {
      eligibility = self.eligibility(task)
    }
    if eligibility.isNowhere, waitsForReturn(task) {
      recovery.add(task)
      return queues.wait(task, &tasks)
    }
    switch eligibility {
    case .anyEngine:
      if !queuesReady, let engine = engines.pick(aheadAllowed: queues.allowsAhead, now: now) {
        dispatch(task, to: engine)
      } else {
        queues.appendReady(task, first: first, &tasks, &clients)
      }
    case .anyExceptBlacklist:
      let blacklist = tasks[task].constraints.map { tasks[$0].blacklist } ?? []
      if let engine = engines.pick(excluding: blacklist) {
        dispatch(task, to: engine)
      } else {
        queues.appendExcluded(task, blacklistCount: blacklist.count, &tasks)
      }
    case .anyOffering(let demand):
      let blacklist = tasks[task].constraints.map { tasks[$0].blacklist } ?? []
      queues.appendDemanding(task, demand, blacklistCount: blacklist.count, &tasks, &engines)
      dispatchDemanding(task, among: engines.withRoom(for: demand, excluding: blacklist, now: now))
    case .only(let engine):
      if engines.mayTake(engine, aheadAllowed: queues.allowsAhead, now: now) {
        dispatch(task, to: engine)
      } else {
        queues.appendGrouped(task, members: CollectionOfOne(engine), first: first, &tasks, &engines, &clients)
      }
    case .among(let candidates) where tasks.demand(of: task) != nil:
      let members = groupMembers(task, candidates: candidates)
      queues.appendGrouped(task, members: members, first: first, &tasks, &engines, &clients)
      dispatchDemanding(task, among: candidates)
    case .among(let candidates):
      if let engine = engines.pick(among: candidates, aheadAllowed: queues.allowsAhead, now: now) {
        dispatch(task, to: engine)
      } else {
        let members = groupMembers(task, candidates: candidates)
        queues.appendGrouped(task, members: members, first: first, &tasks, &engines, &clients)
      }
    case .wait: queues.wait(task, &tasks)
    case .impossible: endImpossible(task)
    case .exhausted: endExhausted(task)
    }
    if tasks[task].concurrency > 1 { dispatchBeside(task) }
  }

  /// Dispatches a queued task to an engine that would take it next, and runs it beside others.
  mutating func dispatchBeside(_ task: TaskHandle) {
    switch tasks[task].phase {
    case .ready, .excluded, .demanding, .grouped: break
    case .unplaced, .waiting, .pending, .succeeded, .failed: return
    }
    for engine in engines.withSlots(tasks[task].concurrency)
    where queues.next(for: engine, &tasks, &engines, &clients, now: now) == task {
      return dispatch(task, to: engine)
    }
  }

  /// Dispatches a queued task that requires resources or time if there is an engine that would take it next.
  private mutating func dispatchDemanding(_ task: TaskHandle, among candidates: [EngineHandle]) {
    var candidates = candidates
    while let engine = engines.pick(among: candidates) {
      if queues.nextDemanding(for: engine, &tasks, &engines, &clients, now: now) == task {
        return dispatch(task, to: engine)
      }
      candidates.removeAll { $0 == engine }
    }
  }

  /// Gives an engine with room the tasks with the best ranks among those it may take, and makes it available if room is left.
  ///
  /// - Parameter ahead: whether it may be given tasks ahead, because it has just ended one; others may be idle.
  mutating func serve(_ engine: EngineHandle, ahead: Bool = true) {
    while true {
      // Not among the arguments: the registry would be copied meanwhile.
      let aheadAllowed = ahead && queues.allowsAhead
      guard engines.hasRoom(engine, aheadAllowed: aheadAllowed, now: now),
        let task = next(for: engine)
      else { break }
      dispatch(task, to: engine)
    }
    if engines.isConcurrent(engine) { serveSlots(of: engine) }
    engines.updateAvailability(of: engine, aheadAllowed: queues.allowsAhead, now: now)
  }

  /// Gives an engine tasks beside those that it has, as long as the one with the best rank can be given so: one that can't
  /// waits until the engine has ended what it has.
  private mutating func serveSlots(of engine: EngineHandle) {
    while let task = next(for: engine), tasks[task].concurrency > 1,
      engines.hasSlot(engine, tasks[task].concurrency)
    {
      dispatch(task, to: engine)
    }
  }

  /// The task with the best rank among those an engine may take. Those of its groups for which it has too little time left are
  /// placed anew.
  @inline(__always)
  private mutating func next(for engine: EngineHandle) -> TaskHandle? {
    while let task = queues.next(for: engine, &tasks, &engines, &clients, now: now) {
      guard tasks[task].phase == .grouped, let demand = tasks.demand(of: task),
        !engines.hasTime(for: demand, engine, now: now)
      else { return task }
      place(task)
    }
    return nil
  }

  /// Gives all engines with room tasks that any engine may take.
  mutating func serveAll() {
    while let engine = engines.pick(aheadAllowed: queues.allowsAhead, now: now),
      let task = next(for: engine)
    {
      dispatch(task, to: engine)
    }
  }

  /// Ends the tasks whose blacklists exclude all registered engines, or places them where they failed before, and ends those
  /// that don't wait for resources; to be called when an engine has come or gone.
  mutating func placeExhaustedTasks() {
    for task in queues.possiblyExhausted(engineCount: engines.registeredCount, tasks) {
      if case .exhausted = eligibility(task) { place(task) }
    }
    guard !queues.demanding.isEmpty, engines.registeredCount > 0 else { return }
    for task in queues.demanding.possiblyEnding(engines, tasks, now: now) where eligibility(task).isNowhere {
      place(task)
    }
  }

  /// Ends a task whose dependencies or targets can't be met any more.
  private mutating func endImpossible(_ task: TaskHandle) {
    if case .ended(let reason)? = tasks[task].constraints.flatMap({ tasks[$0].lastFailure }) {
      fail(task, reason)
    } else {
      fail(task, lack(of: task).map { .unmetDemand($0) } ?? .impossibleDependency)
    }
  }

  private mutating func endExhausted(_ task: TaskHandle) {
    switch tasks[task].constraints.flatMap({ tasks[$0].lastFailure }) {
    case .reply(let reply, let engine): deliver(task, tasks[task].id, reply, from: engine, success: false)
    case .ended(let reason): fail(task, reason)
    case nil: fail(task, lack(of: task).map { .unmetDemand($0) } ?? .impossibleDependency)
    }
  }

  private mutating func dispatch(_ task: TaskHandle, to engine: EngineHandle) {
    queues.take(task, &tasks, &engines)
    queues.leave()
    if queues.mayHaveHeldUpOthers(task, &tasks) { consequences.taskHeldUpOthers() }
    clients.dequeue(task, &tasks)
    clients.served(task, &tasks)
    timers.stop(task, &tasks)
    let (id, payload, attempt) = tasks[task].dispatched(to: engines.token(of: engine))
    engines.start(task, on: engine, &tasks, now: now)
    if reportsChanges { noteChange(task, .placed(placement(of: task, on: engines[engine].identity))) }
    engines.updateAvailability(of: engine, aheadAllowed: queues.allowsAhead, now: now)
    guard let payload else { return }
    actions.append(.dispatch(payload, taskID: id, engine: engines[engine].identity, attempt: attempt))
  }
}

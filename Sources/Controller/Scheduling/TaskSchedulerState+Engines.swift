extension TaskSchedulerState {
  /// An engine registered: it is the first in line, and takes queued tasks at once.
  ///
  /// Nothing happens if it is registered already. If it left and its grace period is not over, its former tasks are given
  /// up first.
  ///
  /// - Parameters:
  ///   - id: the engine's integer id.
  ///   - abilities: what the engine can do, and what it offers.
  ///   - tasks: for an engine of an earlier controller that has come back: the tasks it has, or has answered, and which
  ///     attempt at each; `nil` if it doesn't tell.
  mutating func engineRegistered(
    _ identity: EngineIdentity, id: Int? = nil, _ abilities: EngineAbilities = EngineAbilities(),
    tasks held: [String: Int]? = nil, now: Instant
  ) {
    self.now = now
    if let known = engines.find(identity) {
      switch engines[known].phase {
      case .registered: return
      case .leaving where engines[known].isExpected:
        return engineReturned(known, id: id, abilities, tasks: held)
      case .leaving: strand(known)
      case .named: break
      }
    }
    let engine = engines.register(identity, id: id, abilities)
    queues.engineRegistered(engine, &tasks, &engines, &clients)
    placeRecovering()
    placeExhaustedTasks()
    serve(engine)
    settle()
    checkInvariants()
  }

  /// An engine is about to leave: it is given no more tasks. What it has it answers or returns, and when the last of that has
  /// come, the driver is told.
  ///
  /// An engine that is not registered has retired at once. One of an earlier controller that has not come back asks again when it
  /// has: what it was given by that counts until then.
  mutating func engineRetires(_ identity: EngineIdentity, now: Instant) {
    self.now = now
    if let engine = engines.registered(identity) {
      engines.retire(engine)
      noteRetirement(engine)
    } else if engines.find(identity).map({ !engines[$0].isExpected }) ?? true {
      actions.append(.retired(identity))
    }
    checkInvariants()
  }

  /// Tells the driver if an engine that is about to leave has no tasks any more.
  mutating func noteRetirement(_ engine: EngineHandle) {
    if engines.hasRetired(engine) { actions.append(.retired(engines[engine].identity)) }
  }

  /// An engine is gone: it takes no more tasks, and those it has are given up after the grace period.
  ///
  /// - Parameter unsent: the tasks dispatched to the engine that could not be sent; they are queued again at once.
  mutating func engineUnregistered(
    _ identity: EngineIdentity, _ departure: EngineDeparture = .left, unsent: [String] = [],
    now: Instant
  ) {
    self.now = now
    guard let engine = engines.registered(identity) else {
      if let engine = engines.find(identity), engines[engine].isExpected {
        engines.awaitReplies(of: engine, departure, now: now)
      }
      return
    }
    engines.unregister(engine)
    for task in queues.engineUnregistered(engine, tasks, &engines) { consequences.place(task) }
    placeExhaustedTasks()
    requeueUnbegun(unsent.compactMap { isPending($0, on: identity) ? tasks.find($0) : nil })
    if engines[engine].pending.isEmpty {
      engines.left(engine)
    } else {
      engines.awaitReplies(of: engine, departure, now: now)
    }
    settle()
    checkInvariants()
  }

  /// Ends or retries what an engine had begun which is gone for good, and queues its other tasks again.
  ///
  /// Engines handle tasks in the order in which they get them, so only the oldest can have begun, or as many as it runs at
  /// once.
  mutating func strand(_ engine: EngineHandle) {
    let pending = tasks.handles(in: engines[engine].pending)
    let begun = engines.begunCount(of: engine, pending, tasks)
    for task in pending.prefix(begun) { lose(task, with: engine) }
    requeueUnbegun(Array(pending.dropFirst(begun)))
    engines.left(engine)
    settle()
  }

  /// Ends or retries a task that was lost with its engine.
  private mutating func lose(_ task: TaskHandle, with engine: EngineHandle) {
    var loss = engines.loss(of: engine)
    if let constraints = tasks[task].constraints { loss.count += Int(tasks[constraints].lossCount) }
    if crashLimit > 0, loss.count >= crashLimit, tasks[task].retries > 0 || tasks[task].isIdempotent {
      loss.isAtLimit = true
      fail(task, .engineLost(loss))
    } else {
      giveUp(task, after: .engineLost(loss))
    }
  }
}

extension TaskSchedulerState {
  /// An engine answered a task: the reply is relayed, or the task is tried on another engine.
  ///
  /// A failure is retried while retries remain, and an unmet functional dependency always; both put the engine on the
  /// task's blacklist. A task that is returned goes to the head of the queue. A reply for a task that is not pending on
  /// that engine is only counted.
  public mutating func resultArrived(
    from engine: EngineIdentity, taskID: String, outcome: TaskOutcome, reply: Payload, now: ContinuousClock.Instant
  ) {
    self.now = now
    guard let task = tasks.find(taskID, hash: IdentifierTable.hash(taskID)), tasks[task].phase == .pending,
      let token = tasks[task].engine, engines[Int(token.slot)].identity == engine
    else {
      actions.append(.unknownReply(taskID: taskID, engine: engine))
      return
    }
    if outcome == .returned {
      takeBack(task, from: token.slot)
    } else {
      let hasMore = engines[Int(token.slot)].pending.count > 1
      engines[Int(token.slot)].pace.finished(hasMore: hasMore, now: now)
      let tryAgain =
        switch outcome {
        case .ok, .aborted, .returned: false
        case .failed: tasks[task].retries > 0
        case .unmetDependency: true
        }
      if tryAgain && !clients[Int(tasks[task].client)].hasVanished {
        if outcome == .failed { tasks[task].retries -= 1 }
        retry(task, without: token, after: .reply(reply, engine))
      } else {
        deliver(task, reply, from: engine, success: outcome == .ok)
      }
    }
    if engines[Int(token.slot)].phase == .registered {
      serve(token.slot)
    } else if engines[Int(token.slot)].pending.count == 0 {
      engines[Int(token.slot)].phase = .named
      releaseEngine(token.slot)
    }
    settle()
  }

  /// Takes a task from its engine, and sends it to another or queues it.
  mutating func retry(_ task: Int32, without token: EngineToken, after failure: LastFailure<Payload>) {
    takeFromEngine(task)
    tasks[task].engine = nil
    let slot = tasks[task].constraints >= 0 ? Int(tasks[task].constraints) : newConstraints(for: task)
    constraints[slot].blacklist.insert(token)
    constraints[slot].lastFailure = failure
    enterWaiting(task)
    place(task)
    armTimer(task)
  }

  /// Takes a task that an engine has not begun, and sends it to another or queues it before all others. If its client
  /// is gone it is aborted, as those that were queued then.
  private mutating func takeBack(_ task: Int32, from engine: Int32) {
    engines[Int(engine)].pace.returned(hasMore: engines[Int(engine)].pending.count > 1)
    guard !clients[Int(tasks[task].client)].hasVanished else { return fail(task, .aborted) }
    takeFromEngine(task)
    tasks[task].engine = nil
    enterWaiting(task)
    place(task, first: true)
    armTimer(task)
  }

  /// Ends a task with an engine's reply.
  mutating func deliver(_ task: Int32, _ reply: Payload, from engine: EngineIdentity, success: Bool) {
    actions.append(.deliver(reply, taskID: tasks[task].id, engine: engine))
    end(task, success: success)
  }

  /// Ends a task with an error of the scheduler's own.
  mutating func fail(_ task: Int32, _ reason: TaskFailureReason) {
    if let payload = tasks[task].payload { actions.append(.fail(payload, taskID: tasks[task].id, reason)) }
    end(task, success: false)
  }

  mutating func takeFromEngine(_ task: Int32) {
    guard let token = tasks[task].engine else { return }
    tasks.unlink(task, from: &engines[Int(token.slot)].pending)
    pendingTotal -= 1
    pool.finished(token.slot)
  }

  private mutating func end(_ task: Int32, success: Bool) {
    if tasks[task].phase == .pending {
      takeFromEngine(task)
    } else {
      if tasks[task].phase != .waiting { moveToWaiting(task) }
      waitingTotal -= 1
      removeFromClientQueue(task)
    }
    disarmTimer(task)
    releaseConstraints(of: task)
    releaseClient(of: task)
    tasks[task].phase = success ? .succeeded : .failed
    tasks[task].payload = nil
    tasks.append(task, to: &finished)
    if tasks[task].firstDependent >= 0 { ended.append(task) }
  }
}

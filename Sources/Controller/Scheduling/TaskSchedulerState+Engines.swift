extension TaskSchedulerState {
  /// An engine registered: it is the first in line, and takes queued tasks at once.
  ///
  /// Nothing happens if it is registered already. If it left and its grace period is not over, its former tasks are given
  /// up first.
  ///
  /// - Parameter returnsTasks: whether the engine returns tasks that wait behind a long one.
  mutating func engineRegistered(
    _ identity: EngineIdentity, returnsTasks: Bool = false, now: ContinuousClock.Instant
  ) {
    self.now = now
    if let known = engines.find(identity) {
      switch engines[known].phase {
      case .registered: return
      case .leaving: strand(known)
      case .named: break
      }
    }
    let engine = engines.register(identity, returnsTasks: returnsTasks)
    queues.groups.engineRegistered(engine, tasks, &engines)
    serve(engine)
    settle()
    checkInvariants()
  }

  /// An engine is gone: it takes no more tasks, and those it has are given up after the grace period.
  mutating func engineUnregistered(_ identity: EngineIdentity, now: ContinuousClock.Instant) {
    self.now = now
    guard let engine = engines.registered(identity) else { return }
    engines.unregister(engine)
    for task in queues.groups.engineUnregistered(engine, tasks, &engines) { unplaced.append(task) }
    endExhaustedTasks()
    if engines[engine].pending.isEmpty {
      engines.left(engine)
    } else {
      engines.awaitReplies(of: engine, until: now + strandedGrace)
    }
    settle()
    checkInvariants()
  }

  /// Ends or retries the tasks of an engine that is gone for good.
  mutating func strand(_ engine: EngineHandle) {
    let identity = engines[engine].identity
    let token = engines.token(of: engine)
    while let task = engines[engine].pending.first {
      if tasks[task].retries > 0, !clients.hasVanished(tasks[task].client) {
        tasks[task].retries -= 1
        retry(task, without: token, after: .died(identity))
      } else {
        fail(task, .engineDied(identity))
      }
    }
    engines.left(engine)
    settle()
  }
}

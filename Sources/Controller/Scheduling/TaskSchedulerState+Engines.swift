extension TaskSchedulerState {
  /// An engine registered: it stands at the head of the line and takes queued tasks at once.
  ///
  /// If it is registered already nothing happens. If it left and its grace period still runs, the tasks of its former
  /// life are given up first.
  ///
  /// - Parameter returnsTasks: whether the engine returns tasks that wait behind a long one.
  public mutating func engineRegistered(
    _ identity: EngineIdentity, returnsTasks: Bool = false, now: ContinuousClock.Instant
  ) {
    self.now = now
    if let known = engineIndex[identity] {
      switch engines[Int(known)].phase {
      case .registered: return
      case .leaving: strand(known)
      case .named, .free: break
      }
    }
    let engine = internEngine(identity)
    engines[Int(engine)].phase = .registered
    engines[Int(engine)].generation &+= 1
    engines[Int(engine)].lastSkipped = -1
    engines[Int(engine)].returnsTasks = returnsTasks
    engines[Int(engine)].pace = EnginePace()
    registeredCount += 1
    pool.register(engine)
    enterGroups(engine)
    serve(engine)
    settle()
  }

  /// An engine is gone: it takes no more tasks, and those it has are given up after the grace period.
  public mutating func engineUnregistered(_ identity: EngineIdentity, now: ContinuousClock.Instant) {
    self.now = now
    guard let engine = engineIndex[identity], engines[Int(engine)].phase == .registered else { return }
    pool.update(engine, available: false)
    registeredCount -= 1
    engines[Int(engine)].phase = .leaving
    quitGroups(engine)
    endExhaustedTasks()
    if engines[Int(engine)].pending.count > 0 {
      leaving.append((now + configuration.strandedGrace, token(of: engine)))
    } else {
      engines[Int(engine)].phase = .named
      releaseEngine(engine)
    }
    settle()
  }

  /// Ends or retries the tasks of an engine that is gone for good.
  mutating func strand(_ engine: Int32) {
    let identity = engines[Int(engine)].identity
    let token = token(of: engine)
    while engines[Int(engine)].pending.head >= 0 {
      let task = engines[Int(engine)].pending.head
      if tasks[task].retries > 0 && !clients[Int(tasks[task].client)].hasVanished {
        tasks[task].retries -= 1
        retry(task, without: token, after: .died(identity))
      } else {
        fail(task, .engineDied(identity))
      }
    }
    engines[Int(engine)].phase = .named
    releaseEngine(engine)
    settle()
  }

  func token(of engine: Int32) -> EngineToken {
    EngineToken(slot: engine, generation: engines[Int(engine)].generation)
  }

  func isRegistered(_ token: EngineToken) -> Bool {
    engines[Int(token.slot)].phase == .registered && engines[Int(token.slot)].generation == token.generation
  }

  /// The slot of an identity, taken now if it has none.
  mutating func internEngine(_ identity: EngineIdentity) -> Int32 {
    if let slot = engineIndex[identity] { return slot }
    let slot: Int32
    if let free = freeEngines.popLast() {
      slot = free
      engines[Int(slot)].identity = identity
      engines[Int(slot)].phase = .named
    } else {
      slot = Int32(engines.count)
      engines.append(EngineRecord(identity: identity))
    }
    engineIndex[identity] = slot
    return slot
  }

  /// Frees the slot of an engine that is neither registered, nor leaving, nor named by a queued task.
  mutating func releaseEngine(_ engine: Int32) {
    guard engines[Int(engine)].phase == .named, engines[Int(engine)].groups.isEmpty else { return }
    engineIndex[engines[Int(engine)].identity] = nil
    engines[Int(engine)].phase = .free
    engines[Int(engine)].generation &+= 1
    freeEngines.append(engine)
  }
}

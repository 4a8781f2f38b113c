/// Where a ready task may run.
private enum Eligibility {
  case anyEngine
  case anyExceptBlacklist
  /// One of these registered engines.
  case among([Int32])
  /// Nowhere yet.
  case wait
  /// Nowhere, ever.
  case impossible
  /// Every eligible engine has failed it.
  case exhausted
}

extension TaskSchedulerState {
  /// Sends a ready task to an engine if one has room, else queues it; ends it if no engine can ever take it.
  ///
  /// - Parameter first: queue it before all others; heeded for tasks that any engine may take.
  mutating func place(_ task: Int32, first: Bool = false) {
    if tasks[task].phase != .waiting { moveToWaiting(task) }
    switch eligibility(task) {
    case .anyEngine:
      if let engine = pickWithRoom() {
        dispatch(task, to: engine)
      } else if first, ready.head >= 0 {
        let sequence = tasks[ready.head].sequence - 1
        leaveWaiting(task, for: .ready)
        tasks[task].sequence = sequence
        tasks.prepend(task, to: &ready)
      } else {
        leaveWaiting(task, for: .ready)
        tasks.append(task, to: &ready)
      }
    case .anyExceptBlacklist:
      let blacklist = constraints[Int(tasks[task].constraints)].blacklist
      let choice = pool.pick(excluding: Set(blacklist.filter { isRegistered($0) }.map(\.slot)))
      if let choice, isBelowMark(choice) {
        dispatch(task, to: choice)
      } else {
        leaveWaiting(task, for: .excluded)
        largestBlacklist = excluded.count == 0 ? blacklist.count : max(largestBlacklist, blacklist.count)
        tasks.append(task, to: &excluded)
      }
    case .among(let candidates):
      if let engine = pool.pick(among: candidates.filter { pool.contains($0) && isBelowMark($0) }) {
        dispatch(task, to: engine)
      } else {
        leaveWaiting(task, for: .grouped)
        joinGroup(task, candidates: candidates)
      }
    case .wait: break
    case .impossible: fail(task, .impossibleDependency)
    case .exhausted: endExhausted(task)
    }
  }

  /// Gives an engine with room the tasks queued first among those it may take, and enters it in the pool if room is
  /// left.
  mutating func serve(_ engine: Int32) {
    while hasRoom(engine), let task = nextTask(for: engine) { dispatch(task, to: engine) }
    pool.update(engine, available: hasRoom(engine))
  }

  /// Ends the tasks of the queue with blacklists that exclude all registered engines; to be called when one is gone.
  mutating func endExhaustedTasks() {
    guard registeredCount > 0, registeredCount <= largestBlacklist else { return }
    var task = excluded.head
    while task >= 0 {
      let next = tasks[task].links.next
      if case .exhausted = eligibility(task) { endExhausted(task) }
      task = next
    }
  }

  private func hasRoom(_ engine: Int32) -> Bool {
    engines[Int(engine)].phase == .registered && (isBelowMark(engine) || hasRoomAhead(engine))
  }

  private func isBelowMark(_ engine: Int32) -> Bool { hwm == 0 || pool.load(of: engine) < hwm }

  /// Whether an engine with tasks up to its mark is sent more. An engine that a task with restrictions waits for is not:
  /// it would never be free for that one.
  private func hasRoomAhead(_ engine: Int32) -> Bool {
    looksAhead && engines[Int(engine)].returnsTasks && excluded.count == 0 && engines[Int(engine)].groups.isEmpty
      && pool.load(of: engine) < engines[Int(engine)].pace.depth(now: now)
  }

  /// Chooses among all engines. Room for tasks ahead may have gone since the engine entered the pool; it comes back when
  /// the engine answers.
  private mutating func pickWithRoom() -> Int32? {
    while let engine = pool.pick() {
      if hasRoom(engine) { return engine }
      pool.update(engine, available: false)
    }
    return nil
  }

  private mutating func dispatch(_ task: Int32, to engine: Int32) {
    if tasks[task].phase != .waiting { moveToWaiting(task) }
    leaveWaiting(task, for: .pending)
    removeFromClientQueue(task)
    disarmTimer(task)
    tasks[task].engine = token(of: engine)
    tasks.append(task, to: &engines[Int(engine)].pending)
    pendingTotal += 1
    pool.used(engine)
    engines[Int(engine)].pace.started(now: now)
    pool.update(engine, available: hasRoom(engine))
    guard let payload = tasks[task].payload else { return }
    actions.append(
      .dispatch(payload, taskID: tasks[task].id, engine: engines[Int(engine)].identity, slot: Int(engine)))
  }

  private func eligibility(_ task: Int32) -> Eligibility {
    let slot = Int(tasks[task].constraints)
    guard slot >= 0 else { return .anyEngine }
    let hasTargets = !constraints[slot].targets.isEmpty
    let hasBlacklist = !constraints[slot].blacklist.isEmpty
    let waitsForEver = constraints[slot].timeout == nil
    guard hasTargets || constraints[slot].follow != nil else {
      guard hasBlacklist else { return .anyEngine }
      let isExhausted = waitsForEver && registeredCount > 0 && blacklistedCount(slot) == registeredCount
      return isExhausted ? .exhausted : .anyExceptBlacklist
    }
    let blacklist = constraints[slot].blacklist
    guard let follow = constraints[slot].follow else {
      let candidates = registeredTargets(slot).filter { !blacklist.contains(token(of: $0)) }
      return candidates.isEmpty ? .impossible : .among(candidates)
    }
    let places = constraints[slot].followEngines.filter { !blacklist.contains($0) }
    if places.isEmpty && !constraints[slot].followEngines.isEmpty {
      return waitsForEver && follow.open == 0 ? .exhausted : .wait
    }
    var candidates = places.filter { isRegistered($0) }.map(\.slot)
    if hasTargets {
      let targets = Set(registeredTargets(slot))
      candidates.removeAll { !targets.contains($0) }
    }
    if candidates.isEmpty { return follow.open > 0 ? .wait : .impossible }
    return .among(candidates)
  }

  private func registeredTargets(_ constraint: Int) -> [Int32] {
    constraints[constraint].targets.compactMap { identity in
      guard let slot = engineIndex[identity], engines[Int(slot)].phase == .registered else { return nil }
      return slot
    }
  }

  private func blacklistedCount(_ constraint: Int) -> Int {
    constraints[constraint].blacklist.reduce(0) { $0 + (isRegistered($1) ? 1 : 0) }
  }

  private mutating func endExhausted(_ task: Int32) {
    switch constraints[Int(tasks[task].constraints)].lastFailure {
    case .reply(let reply, let engine): deliver(task, reply, from: engine, success: false)
    case .died(let engine): fail(task, .engineDied(engine))
    case nil: fail(task, .impossibleDependency)
    }
  }

  /// The task queued first among those the engine may take.
  private mutating func nextTask(for engine: Int32) -> Int32? {
    // Evaluated first: as arguments of a call on self they would make the compiler copy the whole state.
    let excluded = nextExcluded(for: engine)
    let grouped = nextGrouped(for: engine)
    let best = earlier(earlier(ready.head, excluded), grouped)
    return best < 0 ? nil : best
  }

  private func earlier(_ left: Int32, _ right: Int32) -> Int32 {
    if left < 0 || right < 0 { return max(left, right) }
    return tasks[left].sequence < tasks[right].sequence ? left : right
  }

  /// Passes over tasks that exclude the engine once only: blacklists of queued tasks do not change, so the engine
  /// goes on where it stopped, and a task is passed over at most as often as its blacklist is long.
  private mutating func nextExcluded(for engine: Int32) -> Int32 {
    guard excluded.count > 0 else { return -1 }
    let token = token(of: engine)
    let skipped = engines[Int(engine)].lastSkipped
    var task = skipped >= 0 ? tasks[skipped].links.next : excluded.head
    while task >= 0, constraints[Int(tasks[task].constraints)].blacklist.contains(token) {
      engines[Int(engine)].lastSkipped = task
      task = tasks[task].links.next
    }
    return task
  }
}

import HeapModule

extension TaskSchedulerState {
  /// When ``advance(to:)`` is due next; it may turn out that nothing is left to do then.
  public var nextDeadline: ContinuousClock.Instant? {
    switch (leaving.first?.deadline, timers.min?.deadline) {
    case (let stranded?, let timer?): min(stranded, timer)
    case (let stranded, let timer): stranded ?? timer
    }
  }

  /// Time has passed: tasks queued for longer than their timeout fail, and those on engines gone for the grace period
  /// are retried or end with ``TaskFailureReason/engineDied(_:)``.
  public mutating func advance(to now: ContinuousClock.Instant) {
    self.now = now
    while let deadline = nextDeadline, deadline <= now {
      if let (stranded, engine) = leaving.first, stranded == deadline {
        leaving.removeFirst()
        if engines[Int(engine.slot)].generation == engine.generation && engines[Int(engine.slot)].phase == .leaving {
          strand(engine.slot)
        }
      } else if let timer = timers.popMin(), isArmed(timer) {
        fail(timer.task, .taskTimeout)
        settle()
      }
    }
  }

  /// Starts the timeout of a queued task, anew each time it is queued.
  mutating func armTimer(_ task: Int32) {
    let slot = Int(tasks[task].constraints)
    guard tasks[task].phase.isQueued, slot >= 0, let timeout = constraints[slot].timeout else { return }
    timerSerial += 1
    armedTimers += 1
    constraints[slot].timer = timerSerial
    timers.insert(Timer(deadline: now + timeout, task: task, serial: timerSerial))
    if timers.count > 2 * armedTimers + 64 { timers = Heap(timers.unordered.filter { isArmed($0) }) }
  }

  mutating func disarmTimer(_ task: Int32) {
    let slot = Int(tasks[task].constraints)
    guard slot >= 0, constraints[slot].timer != 0 else { return }
    constraints[slot].timer = 0
    armedTimers -= 1
  }

  private func isArmed(_ timer: Timer) -> Bool {
    let slot = tasks[timer.task].constraints
    return slot >= 0 && constraints[Int(slot)].timer == timer.serial
  }
}

extension TaskSchedulerState {
  /// When ``advance(to:)`` is due next; it may turn out that nothing is left to do then.
  var nextDeadline: Instant? {
    earlier(earlier(engines.nextDeadline, timers.nextDeadline), earlier(engines.nextProbe, recovery.end))
  }

  /// Time has passed: tasks queued for longer than their timeout or beyond their deadline fail, engines that have been gone for the grace period are
  /// given up with their tasks, and engines that are silent about their oldest task are probed.
  mutating func advance(to now: Instant) {
    self.now = now
    while let deadline = nextDeadline, deadline <= now {
      if engines.nextDeadline == deadline {
        if let engine = engines.popLeaving() { strand(engine) }
      } else if recovery.end == deadline {
        endRecovery()
      } else if timers.nextDeadline == deadline {
        guard let task = timers.popNext(tasks) else { continue }
        fail(task, isOverdue(task, at: deadline) ? .deadlinePassed : timeout(of: task))
        settle()
      } else if let engine = engines.popProbe(now: now) {
        actions.append(.probe(engines[engine].identity, number: engines.dispatchCount))
      }
    }
    checkInvariants()
  }

  /// Whether it is too late to start a task.
  @inline(__always)
  func isOverdue(_ task: TaskHandle) -> Bool { isOverdue(task, at: now) }

  @inline(__always)
  private func isOverdue(_ task: TaskHandle, at time: Instant) -> Bool {
    guard let constraints = tasks[task].constraints, tasks[constraints].isTimed,
      let deadline = tasks[constraints].deadline
    else { return false }
    return deadline <= time
  }

  private func timeout(of task: TaskHandle) -> TaskFailureReason {
    guard tasks[task].phase != .waiting, engineCount > 0, let lack = lack(of: task) else { return .taskTimeout }
    return .demandTimeout(lack)
  }

  /// Starts the timer of a queued task. Its timeout counts anew each time it is queued.
  mutating func startTimer(_ task: TaskHandle) {
    if tasks[task].phase.isQueued { timers.start(task, &tasks, now: now) }
  }
}

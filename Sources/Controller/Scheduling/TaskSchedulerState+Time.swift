extension TaskSchedulerState {
  /// When ``advance(to:)`` is due next; it may turn out that nothing is left to do then.
  var nextDeadline: ContinuousClock.Instant? {
    switch (engines.nextDeadline, timers.nextDeadline) {
    case (let stranded?, let timer?): min(stranded, timer)
    case (let stranded, let timer): stranded ?? timer
    }
  }

  /// Time has passed: tasks queued for longer than their timeout fail, and those on engines that have been gone for the
  /// grace period are retried or end with ``TaskFailureReason/engineDied(_:)``.
  mutating func advance(to now: ContinuousClock.Instant) {
    self.now = now
    while let deadline = nextDeadline, deadline <= now {
      if engines.nextDeadline == deadline {
        if let engine = engines.popLeaving() { strand(engine) }
      } else if let task = timers.popNext(tasks) {
        fail(task, .taskTimeout)
        settle()
      }
    }
    checkInvariants()
  }

  /// Starts the timeout of a queued task, anew each time it is queued.
  mutating func startTimer(_ task: TaskHandle) {
    if tasks[task].phase.isQueued { timers.start(task, &tasks, now: now) }
  }
}

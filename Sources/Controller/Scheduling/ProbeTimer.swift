/// When to ask an engine with tasks whether it is still at the oldest of them. An engine has one such timer while it has
/// tasks, however many it gets through: the timer is set anew when it fires, not with each task.
struct ProbeTimer: Comparable {
  let deadline: ContinuousClock.Instant
  let engine: EngineHandle
  /// Which of the engine's timers it is; the others were stopped.
  let serial: UInt64

  static func < (left: ProbeTimer, right: ProbeTimer) -> Bool {
    (left.deadline, left.serial) < (right.deadline, right.serial)
  }

  /// The longest time between two probes.
  static let longestInterval = Duration.seconds(60)

  /// How long to wait after a probe: the longer, the more there were since the engine last answered its oldest task.
  static func interval(after count: UInt8, patience: Duration) -> Duration {
    min(patience * (1 << Int(min(count, 16))), max(patience, longestInterval))
  }
}

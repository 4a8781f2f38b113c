/// When to ask which engine whether it is still at the oldest of its tasks.
///
/// An engine has one timer while it has tasks, however many it gets through: the timer is set anew when it fires, not with
/// each task.
struct ProbeTimers {
  private struct Timer: Comparable {
    let deadline: Instant
    let engine: EngineHandle
    /// Which of the engine's timers it is; the others were stopped.
    let serial: UInt64

    static func < (left: Timer, right: Timer) -> Bool { (left.deadline, left.serial) < (right.deadline, right.serial) }
  }

  private var timers = LazyHeap<Timer>()
  private var latestSerial: UInt64 = 0
  /// How long an engine may be silent about its oldest task before it is probed.
  private let patience: Duration

  /// The longest time between two probes.
  private static let longestInterval = Duration.seconds(60)

  init(patience: Duration) { self.patience = patience }

  /// When ``pop(_:now:)`` is due next.
  var next: Instant? { timers.min?.deadline }

  /// The oldest of an engine's tasks is another one from now on.
  @inline(__always)
  mutating func oldestChanged(
    on engine: EngineHandle, _ roster: inout EngineRoster, now: Instant
  ) {
    roster[engine].oldestSince = now
    // A timer that was set for a former task is late enough, and set anew when it fires.
    guard roster[engine].probeTimer == 0 || roster[engine].probeCount > 0 else { return }
    roster[engine].probeCount = 0
    start(for: engine, &roster, now: now)
  }

  /// Begins to wait for an engine.
  mutating func start(
    for engine: EngineHandle, _ roster: inout EngineRoster, now: Instant
  ) { set(now + patience, for: engine, &roster) }

  private mutating func set(
    _ deadline: Instant, for engine: EngineHandle, _ roster: inout EngineRoster
  ) {
    latestSerial += 1
    roster[engine].probeTimer = latestSerial
    timers.insert(Timer(deadline: deadline, engine: engine, serial: latestSerial))
    timers.prune(live: roster.count) { Self.runs($0, roster) }
  }

  private static func runs(_ timer: Timer, _ roster: EngineRoster) -> Bool {
    roster.contains(timer.engine) && roster[timer.engine].probeTimer == timer.serial
  }

  /// Removes the timer that fires next.
  ///
  /// - Returns: its engine if that has been silent about its oldest task for too long, else `nil`.
  mutating func pop(_ roster: inout EngineRoster, now: Instant) -> EngineHandle? {
    guard let timer = timers.popMin(), Self.runs(timer, roster) else { return nil }
    let engine = timer.engine
    roster[engine].probeTimer = 0
    guard roster[engine].phase == .registered, !roster[engine].pending.isEmpty else { return nil }
    let count = roster[engine].probeCount
    let due = roster[engine].oldestSince + patience
    if count == 0, due > now {
      set(due, for: engine, &roster)
      return nil
    }
    roster[engine].probeCount = min(count, .max - 1) + 1
    set(now + interval(after: count), for: engine, &roster)
    return engine
  }

  /// How long to wait after a probe: the longer, the more there were since the engine last answered its oldest task.
  private func interval(after count: UInt8) -> Duration {
    min(patience * (1 << Int(min(count, 16))), max(patience, Self.longestInterval))
  }
}

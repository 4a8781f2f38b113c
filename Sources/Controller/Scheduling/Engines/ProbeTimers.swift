/// When to ask which engine whether it is still at the oldest of its tasks.
///
/// An engine has one timer while it has tasks, however many it gets through: the timer is set anew when it fires, not with
/// each task.
struct ProbeTimers {
  private struct Timer: Comparable {
    let deadline: ContinuousClock.Instant
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
  var next: ContinuousClock.Instant? { timers.min?.deadline }

  /// The oldest of an engine's tasks is another one from now on.
  @inline(__always)
  mutating func oldestChanged(
    on engine: EngineHandle, _ records: inout Directory<EngineRecord>, now: ContinuousClock.Instant
  ) {
    records[engine].oldestSince = now
    // A timer that was set for a former task is late enough, and set anew when it fires.
    guard records[engine].probeTimer == 0 || records[engine].probeCount > 0 else { return }
    records[engine].probeCount = 0
    start(for: engine, &records, now: now)
  }

  /// Begins to wait for an engine.
  mutating func start(
    for engine: EngineHandle, _ records: inout Directory<EngineRecord>, now: ContinuousClock.Instant
  ) { set(now + patience, for: engine, &records) }

  private mutating func set(
    _ deadline: ContinuousClock.Instant, for engine: EngineHandle, _ records: inout Directory<EngineRecord>
  ) {
    latestSerial += 1
    records[engine].probeTimer = latestSerial
    timers.insert(Timer(deadline: deadline, engine: engine, serial: latestSerial))
    timers.prune(live: records.count) { [records] in Self.runs($0, records) }
  }

  private static func runs(_ timer: Timer, _ records: Directory<EngineRecord>) -> Bool {
    records.contains(timer.engine) && records[timer.engine].probeTimer == timer.serial
  }

  /// Removes the timer that fires next.
  ///
  /// - Returns: its engine if that has been silent about its oldest task for too long, else `nil`.
  mutating func pop(_ records: inout Directory<EngineRecord>, now: ContinuousClock.Instant) -> EngineHandle? {
    guard let timer = timers.popMin(), Self.runs(timer, records) else { return nil }
    let engine = timer.engine
    records[engine].probeTimer = 0
    guard records[engine].phase == .registered, !records[engine].pending.isEmpty else { return nil }
    let count = records[engine].probeCount
    let due = records[engine].oldestSince + patience
    if count == 0, due > now {
      set(due, for: engine, &records)
      return nil
    }
    records[engine].probeCount = min(count, .max - 1) + 1
    set(now + interval(after: count), for: engine, &records)
    return engine
  }

  /// How long to wait after a probe: the longer, the more there were since the engine last answered its oldest task.
  private func interval(after count: UInt8) -> Duration {
    min(patience * (1 << Int(min(count, 16))), max(patience, Self.longestInterval))
  }
}

/// How often and how soon engines that ended are started again.
struct EngineRestartPolicy: Sendable, Hashable {
  /// The wait after the first end. Short, because most ends are a single crash.
  var firstDelay = Duration.milliseconds(500)
  /// The longest wait: each quick end doubles it up to this.
  var longestDelay = Duration.seconds(30)
  /// How long an engine must have run for its end not to count as a quick one.
  var steadyTime = Duration.seconds(60)
  /// How many quick ends in a row are too many. Six waits last 30 s with these delays, enough for a package to be
  /// installed or a file system to come back.
  var limit = 7
}

/// How often the engines of a cluster were started again.
package struct EngineRestartCounts: Sendable, Hashable {
  /// Starts of engines that had ended.
  package var restarted = 0
  /// Engines that wait for their next start.
  package var waiting = 0
  /// Engines that ended too often and stay away.
  package var givenUp = 0
}

/// Decides when engines that ended unexpectedly are started again.
///
/// A value without a clock or processes: time is an argument, and ``Cluster`` starts the engines.
struct EngineRestarts<Key: Hashable & Sendable>: Sendable {
  /// What becomes of an engine that ended.
  enum Verdict: Sendable, Hashable {
    case restart(after: Duration)
    /// It ended this often in a row, each time soon after its start.
    case giveUp(ends: Int)
  }

  private enum Phase: Sendable, Hashable {
    case running(since: ContinuousClock.Instant)
    /// Until its next start, which is noted by ``started(_:at:)``.
    case waiting
    case givenUp
  }

  private struct Engine: Sendable, Hashable {
    var phase: Phase
    var quickEnds = 0
  }

  private let policy: EngineRestartPolicy
  private var engines: [Key: Engine] = [:]
  private var restarted = 0

  init(policy: EngineRestartPolicy = EngineRestartPolicy()) { self.policy = policy }

  /// Notes that an engine was started, for the first time or again.
  mutating func started(_ key: Key, at now: ContinuousClock.Instant) {
    if engines[key] != nil { restarted += 1 }
    engines[key, default: Engine(phase: .waiting)].phase = .running(since: now)
  }

  /// Notes when an engine has begun that had to wait after its start.
  mutating func began(_ key: Key, at time: ContinuousClock.Instant) {
    if case .running = engines[key]?.phase { engines[key]?.phase = .running(since: time) }
  }

  /// Notes that an engine ended unexpectedly or couldn't be started.
  mutating func ended(_ key: Key, at now: ContinuousClock.Instant) -> Verdict {
    var engine = engines[key] ?? Engine(phase: .waiting)
    if isSteady(key, at: now) { engine.quickEnds = 0 }
    engine.quickEnds += 1
    defer { engines[key] = engine }
    guard engine.quickEnds < policy.limit else {
      engine.phase = .givenUp
      return .giveUp(ends: engine.quickEnds)
    }
    engine.phase = .waiting
    return .restart(after: delay(afterQuickEnds: engine.quickEnds))
  }

  /// Notes that an engine ended, and is started again at a time that depends on others: that doesn't count as an end.
  mutating func postponed(_ key: Key) { engines[key, default: Engine(phase: .waiting)].phase = .waiting }

  /// Whether an engine runs and has done so for long.
  func isSteady(_ key: Key, at now: ContinuousClock.Instant) -> Bool {
    if case .running(let since) = engines[key]?.phase { since.duration(to: now) >= policy.steadyTime } else { false }
  }

  /// Forgets an engine that left on purpose.
  mutating func left(_ key: Key) { engines[key] = nil }

  /// What has happened so far.
  var counts: EngineRestartCounts {
    EngineRestartCounts(
      restarted: restarted, waiting: engines.values.count { $0.phase == .waiting },
      givenUp: engines.values.count { $0.phase == .givenUp })
  }

  private func delay(afterQuickEnds ends: Int) -> Duration {
    var delay = policy.firstDelay
    for _ in 1..<ends where delay < policy.longestDelay { delay *= 2 }
    return min(delay, policy.longestDelay)
  }
}

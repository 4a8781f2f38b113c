/// Finds out when an engine has reached one of its limits. A value without a clock: time is passed in.
///
/// The number of requests is not among them: ``RequestCount`` notices that at once.
struct EngineLimitWatch: Sendable, Hashable {
  /// What to do next.
  enum Step: Sendable, Hashable {
    /// Look again after this time.
    case wait(Duration)
    case retire(EngineLimit)
  }

  private let limits: EngineLimits
  private let end: ContinuousClock.Instant?
  private var begun = 0
  private var quietSince: ContinuousClock.Instant

  /// The longest time between two looks.
  static let interval = Duration.seconds(1)

  /// Watches an engine that can run requests from now on.
  init(
    _ limits: EngineLimits, grace: Duration, registered: ContinuousClock.Instant, now: ContinuousClock.Instant
  ) {
    self.limits = limits
    end = limits.lifetime.map { registered + ($0 - min(grace, $0 / 2)) }
    quietSince = now
  }

  /// Looks at the engine.
  ///
  /// - Parameters:
  ///   - begun: how many requests it has begun.
  ///   - isIdle: whether none runs or waits.
  ///   - memory: the bytes that it occupies; called only if there is a limit. An engine that has run nothing yet needs what
  ///     it has: another one would need as much.
  mutating func step(
    begun: Int, isIdle: Bool, memory: () -> Int, now: ContinuousClock.Instant
  ) -> Step {
    if !isIdle || begun != self.begun { quietSince = now }
    self.begun = begun
    if let end, let lifetime = limits.lifetime, now >= end { return .retire(.lifetime(lifetime)) }
    if let idleTime = limits.idleTime, now - quietSince >= idleTime { return .retire(.idleTime(idleTime)) }
    if let limit = limits.memory, begun > 0 {
      let bytes = memory()
      if bytes > limit { return .retire(.memory(bytes)) }
    }
    let times = [end.map { $0 - now }, limits.idleTime.map { quietSince + $0 - now }].compactMap(\.self)
    return .wait(times.reduce(Self.interval, min))
  }
}

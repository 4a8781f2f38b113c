/// Knows when the hub's pings have stopped. A value without a clock: time is passed in.
struct HeartbeatWatch: Sendable {
  /// What a look at the clock shows.
  enum Verdict: Sendable, Hashable {
    /// Look again at this instant.
    case alive(until: ContinuousClock.Instant)
    /// No ping came for as long as all misses that are allowed.
    case lost
  }

  private let patience: Duration
  private var lastPing: ContinuousClock.Instant

  /// A watch that begins now.
  ///
  /// - Parameters:
  ///   - period: how often the hub pings.
  ///   - misses: how many missed pings in a row mean that it is gone.
  init(period: Duration, misses: Int, now: ContinuousClock.Instant) {
    patience = period * misses
    lastPing = now
  }

  /// A ping came.
  mutating func ping(at now: ContinuousClock.Instant) { lastPing = max(lastPing, now) }

  /// Whether the hub is still there.
  func check(at now: ContinuousClock.Instant) -> Verdict {
    let deadline = lastPing + patience
    return now < deadline ? .alive(until: deadline) : .lost
  }
}

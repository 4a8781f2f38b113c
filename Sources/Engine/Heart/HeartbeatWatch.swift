/// Detects that the hub's pings have stopped. A value without a clock: time is passed in.
struct HeartbeatWatch: Sendable {
  /// The result of a check.
  enum Verdict: Sendable, Hashable {
    /// The hub is there. Check again at this instant.
    case alive(until: ContinuousClock.Instant)
    /// No ping came for the duration of all allowed misses.
    case lost
  }

  /// A century, which is as good as forever.
  static let longestPatience = Duration.seconds(100 * 365 * 86_400)

  private let patience: Duration
  private var lastPing: ContinuousClock.Instant

  /// Creates a watch that starts now.
  ///
  /// - Parameters:
  ///   - period: how often the hub pings.
  ///   - misses: how many missed pings in a row mean that the hub is lost.
  init(period: Duration, misses: Int, now: ContinuousClock.Instant) {
    // Both come from outside, and the product of two extreme values would overflow.
    let limit = Self.longestPatience / period
    patience = Double(misses) < limit ? period * misses : Self.longestPatience
    lastPing = now
  }

  /// A ping arrived.
  mutating func ping(at now: ContinuousClock.Instant) { lastPing = max(lastPing, now) }

  /// Whether the hub is still there.
  func check(at now: ContinuousClock.Instant) -> Verdict {
    let deadline = lastPing + patience
    return now < deadline ? .alive(until: deadline) : .lost
  }
}

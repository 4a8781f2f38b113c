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
  private let noticedGap: Duration
  private var lastPing: ContinuousClock.Instant

  /// Creates a watch that starts now.
  ///
  /// - Parameters:
  ///   - period: how often the hub pings.
  ///   - misses: how many missed pings in a row mean that the hub is lost; 0 for any number.
  init(period: Duration, misses: Int, now: ContinuousClock.Instant) {
    // Both come from outside, and the product of two extreme values would overflow.
    let limit = Self.longestPatience / period
    patience = misses > 0 && Double(misses) < limit ? period * misses : Self.longestPatience
    noticedGap = Self.gap(period: period)
    lastPing = now
  }

  /// After so many periods without a ping the hub may have given the engine up.
  private static let gapInPeriods = 5

  /// The time without a ping after which the hub may have given the engine up.
  static func gap(period: Duration) -> Duration {
    Double(gapInPeriods) < longestPatience / period ? period * gapInPeriods : longestPatience
  }

  /// A ping arrived.
  ///
  /// - Returns: whether there was none for so long that the hub may have given the engine up.
  @discardableResult
  mutating func ping(at now: ContinuousClock.Instant) -> Bool {
    defer { lastPing = max(lastPing, now) }
    return now - lastPing >= noticedGap
  }

  /// Whether the hub is still there.
  func check(at now: ContinuousClock.Instant) -> Verdict {
    let deadline = lastPing + patience
    return now < deadline ? .alive(until: deadline) : .lost
  }
}

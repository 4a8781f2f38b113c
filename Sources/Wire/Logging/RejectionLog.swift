/// Counts the messages refused on one socket and decides which refusals are logged: each kind has a throttle of its own,
/// so a flood of one kind doesn't hide another.
public struct RejectionLog: Sendable, Hashable {
  /// All refusals so far.
  public private(set) var counts = RejectionCounts()
  private var throttles: [WireError.Code: LogThrottle] = [:]

  /// A log without refusals.
  public init() {}

  /// Counts a refusal.
  ///
  /// - Returns: the line to write, with the counts of this kind; `nil` if it is left out.
  public mutating func note(_ error: WireError, at now: ContinuousClock.Instant) -> LogThrottle.Line? {
    counts.count(error)
    return throttles[error.code, default: LogThrottle()].note(at: now)
  }

  /// Sums up the refusals left out since the last line of each kind, for the end of a log.
  public mutating func flush() -> [(kind: WireError.Code, line: LogThrottle.Line)] {
    WireError.Code.allCases.compactMap { code in throttles[code]?.flush().map { (code, $0) } }
  }
}

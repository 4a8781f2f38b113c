/// Limits how often one kind of log line is written, so that a misbehaving peer can't fill the disk.
///
/// The first ``burst`` occurrences are written, after that one per ``interval`` with the number left out since the line
/// before. A quiet time restores the burst, one line per interval.
public struct LogThrottle: Sendable, Hashable {
  /// A line to write.
  public struct Line: Sendable, Hashable {
    /// All occurrences so far, this one included.
    public let count: Int
    /// The occurrences since the last written line that were not written themselves.
    public let suppressed: Int
  }

  /// How many lines are written in a row.
  public static let burst = 10
  /// The time between lines after a burst.
  public static let interval = Duration.seconds(10)

  /// All occurrences so far.
  public private(set) var count = 0
  private var suppressed = 0
  /// When the whole burst is available again: each written line moves it by one interval (the generic cell rate
  /// algorithm).
  private var restored: ContinuousClock.Instant?

  /// A throttle that has seen nothing.
  public init() {}

  /// Counts an occurrence.
  ///
  /// - Returns: the line to write; `nil` if it is left out.
  public mutating func note(at now: ContinuousClock.Instant) -> Line? {
    count += 1
    let restored = max(restored ?? now, now)
    guard restored - now <= Self.interval * (Self.burst - 1) else {
      suppressed += 1
      return nil
    }
    self.restored = restored + Self.interval
    defer { suppressed = 0 }
    return Line(count: count, suppressed: suppressed)
  }

  /// Sums up what has been left out since the last line, for the end of a log.
  ///
  /// - Returns: `nil` if nothing was left out.
  public mutating func flush() -> Line? {
    guard suppressed > 0 else { return nil }
    defer { suppressed = 0 }
    return Line(count: count, suppressed: suppressed)
  }
}

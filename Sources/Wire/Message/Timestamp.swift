#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A point in wall-clock time, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// As an integer it takes eight bytes, compares exactly whatever zone a date was written in, and has the resolution of
/// Python's `datetime`.
public struct Timestamp: Sendable, Hashable, Comparable {
  /// Microseconds since 1970-01-01T00:00:00Z, negative before it.
  public let microseconds: Int

  /// The point in time `microseconds` after 1970-01-01T00:00:00Z.
  public init(microseconds: Int) { self.microseconds = microseconds }

  /// The current time of the system's clock.
  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(microseconds: Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1000)
  }

  /// A moment some time later, or earlier if the time is negative, to the microsecond.
  public func advanced(by duration: Duration) -> Timestamp {
    let limit = Duration.seconds(1e11)
    let (seconds, attoseconds) = min(max(duration, .zero - limit), limit).components
    let distance = Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
    let (sum, overflows) = microseconds.addingReportingOverflow(distance)
    return Timestamp(microseconds: overflows ? (distance < 0 ? .min : .max) : sum)
  }

  /// Whether `left` is earlier than `right`.
  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

  /// The time from an earlier moment to a later one; negative if they are the other way round.
  public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .microseconds(later.microseconds) - .microseconds(earlier.microseconds)
  }
}

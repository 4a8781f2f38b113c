#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Decides whether an idle thread polls a little longer before it sleeps.
///
/// Waking a thread takes longer than handling most messages, and waking a processor that a virtual machine has put to
/// sleep takes far longer. After short waits, as between the answer to one call and the next call, it pays to stay awake
/// for the next event. It does not when other threads want the processor or events are rare.
struct BusyWait {
  /// How long a thread stays awake, and up to what length a wait counts as short.
  static let limit = Duration.milliseconds(1)
  /// How many short waits in a row must precede a busy one.
  private static let practice = 2
  /// A thread that yields the processor and gets it back only after this time shares it with others.
  private static let contention = Duration.microseconds(500)
  /// How long the loop does not stay awake after it found the processor shared.
  private static let pause = Duration.milliseconds(100)

  private var shortWaits = 0
  private var pausedUntil: ContinuousClock.Instant?

  /// Waits until a poll finds something, first awake where that is worthwhile, then asleep.
  ///
  /// - Parameters:
  ///   - timeout: in milliseconds; without limit if negative.
  ///   - poll: waits for at most that many milliseconds and returns how much it has found.
  /// - Returns: the result of the last poll.
  mutating func wait(_ timeout: Int32, _ poll: (Int32) -> Int) -> Int {
    guard timeout != 0 else { return poll(0) }
    let begin = ContinuousClock.now
    var count = 0
    var now = begin
    if isWorthwhile(now: begin) {
      repeat {
        count = poll(0)
        if count != 0 { break }
        sched_yield()
        let before = now
        now = .now
        if !yielded(for: now - before, now: now) { break }
      } while now - begin < Self.limit
    }
    if count == 0 {
      count = poll(timeout)
      now = .now
    }
    waited(now - begin)
    return count
  }

  /// Whether to stay awake for the wait that begins now.
  func isWorthwhile(now: ContinuousClock.Instant) -> Bool {
    shortWaits >= Self.practice && pausedUntil.map { now >= $0 } ?? true
  }

  /// Notes how long a wait took, whether asleep or awake.
  mutating func waited(_ time: Duration) { shortWaits = time <= Self.limit ? min(shortWaits + 1, Self.practice) : 0 }

  /// Notes that the loop yielded the processor.
  ///
  /// - Returns: whether to stay awake; `false` if other threads used the processor.
  mutating func yielded(for time: Duration, now: ContinuousClock.Instant) -> Bool {
    guard time > Self.contention else { return true }
    pausedUntil = now + Self.pause
    return false
  }
}

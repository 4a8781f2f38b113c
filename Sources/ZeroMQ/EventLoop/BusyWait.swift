/// Decides whether an idle loop polls a little longer before it sleeps.
///
/// Waking a thread takes longer than handling most messages, and waking a processor that a virtual machine has put to
/// sleep takes far longer. After short waits, as between the answer to one call and the next call, it pays to stay awake
/// for the next event. It does not when other threads want the processor or events are rare.
struct BusyWait {
  /// How long a loop stays awake, and up to what length a wait counts as short.
  static let limit = Duration.milliseconds(1)
  /// How many short waits in a row must precede a busy one.
  private static let practice = 2
  /// A thread that yields the processor and gets it back only after this time shares it with others.
  private static let contention = Duration.microseconds(500)
  /// How long the loop does not stay awake after it found the processor shared.
  private static let pause = Duration.milliseconds(100)

  private var shortWaits = 0
  private var pausedUntil: ContinuousClock.Instant?

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

/// Whether a loop that has nothing to do looks for events a little longer before it sleeps.
///
/// Waking a thread costs more than most messages take to handle, and waking a processor that a virtual machine has put to
/// sleep far more. Where waits have been short, as with a call that follows the answer to the last one, the next event
/// is worth staying awake for; where other threads want the processor, or events are rare, it is not.
struct BusyWait {
  /// A loop stays awake for as long as this, and a wait is short up to it.
  static let limit = Duration.milliseconds(1)
  /// So many short waits in a row come before one that is worth it.
  private static let practice = 2
  /// Who gives the processor away and gets it back only after this long shares it with others.
  private static let contention = Duration.microseconds(500)
  /// For so long nothing is tried when the processor was shared.
  private static let pause = Duration.milliseconds(100)

  private var shortWaits = 0
  private var pausedUntil: ContinuousClock.Instant?

  /// Whether to stay awake at the beginning of a wait.
  func isWorthwhile(now: ContinuousClock.Instant) -> Bool {
    shortWaits >= Self.practice && pausedUntil.map { now >= $0 } ?? true
  }

  /// A wait is over, whether asleep or awake.
  mutating func waited(_ time: Duration) { shortWaits = time <= Self.limit ? min(shortWaits + 1, Self.practice) : 0 }

  /// The loop has given the processor away for a moment.
  ///
  /// - Returns: whether to go on; not if other threads have used it.
  mutating func yielded(for time: Duration, now: ContinuousClock.Instant) -> Bool {
    guard time > Self.contention else { return true }
    pausedUntil = now + Self.pause
    return false
  }
}

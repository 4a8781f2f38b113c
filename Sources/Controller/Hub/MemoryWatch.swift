import MartletZeroMQ

/// Decides when memory that a backlog took is given back to the system.
///
/// The C library keeps freed memory for later. That makes the next backlog cheaper, but leaves a controller at the size of
/// its largest one. So when the controller has nothing to do, it looks at its memory now and then.
///
/// A value without a clock: time is an argument.
struct MemoryWatch {
  /// How long after the end of the last request it looks. A program that has its results may send the next ones at once.
  private static let pause = Duration.seconds(1)
  /// The least time between two looks.
  private static let interval = Duration.seconds(10)
  /// How much free memory is kept: what a busy controller allocates and frees all the time.
  static let reserve = 64 << 20

  private var isLookDue = false
  private var earliest: Instant?
  /// The least free memory that giving back has left: pages in which something is still allocated.
  private var remainder = 0

  /// Notes how many requests are pending.
  ///
  /// - Returns: when to look, unless that is known already.
  mutating func update(pending: Int, at now: Instant) -> Instant? {
    guard pending == 0, !isLookDue else { return nil }
    isLookDue = true
    return max(now + Self.pause, earliest ?? now)
  }

  /// Looks at the memory.
  ///
  /// - Returns: whether to give memory back.
  mutating func look(
    pending: Int, _ usage: ProcessMemory.Usage?, at now: Instant
  ) -> Bool {
    isLookDue = false
    earliest = now + Self.interval
    guard pending == 0, let usage else { return false }
    return usage.resident - usage.allocated > Self.reserve + remainder
  }

  /// Notes what giving back has left.
  mutating func gaveBack(_ usage: ProcessMemory.Usage?) {
    remainder = usage.map { max(0, $0.resident - $0.allocated) } ?? 0
  }
}

/// How fast an engine gets through its tasks, as far as the scheduler can tell, and how many it may have at once.
///
/// An engine with a single task waits for the next one while messages travel, which for short tasks is most of the time.
/// While its tasks are short it is given some ahead. Tasks that end up behind a long one come back: the engine returns
/// them after ``patience``.
struct EnginePace {
  /// An engine that has worked on one task for this long returns those behind it, if it can.
  static let patience = Duration.milliseconds(10)
  /// How long a task may take for an engine to have 1, 2, 4, 8, 16, 32 or 64 at once: at most 4 ms for all of them.
  private static let shares: [Duration] = [4000, 2000, 1000, 500, 250, 125, 62.5].map { .microseconds($0) }
  /// An engine that has not replied for longer is given nothing ahead.
  private static let silence = patience / 2

  /// An index of ``shares``.
  private var level = 0
  /// When the engine began the first of its tasks, as far as known; `nil` if it has none.
  private var busySince: Instant?

  /// A task was dispatched to the engine.
  mutating func started(now: Instant) {
    if busySince == nil { busySince = now }
  }

  /// The engine replied to a task. A task that was short enough doubles the number the engine may have, one that was not
  /// halves it, and a long one brings it back to one.
  ///
  /// - Parameter hasMore: whether the engine has other tasks.
  mutating func finished(hasMore: Bool, now: Instant) {
    guard let begin = busySince else { return }
    busySince = hasMore ? now : nil
    let time = now - begin
    if time > Self.shares[0] {
      level = 0
    } else if time > Self.shares[level] {
      level -= 1
    } else if level + 1 < Self.shares.count, time <= Self.shares[level + 1] {
      level += 1
    }
  }

  /// The engine returned a task because another one takes long.
  mutating func returned(hasMore: Bool) {
    if !hasMore { busySince = nil }
    level = 0
  }

  /// How many tasks the engine may have at once.
  func depth(now: Instant) -> Int {
    guard level > 0, let busySince, now - busySince <= Self.silence else { return 1 }
    return 1 << level
  }
}

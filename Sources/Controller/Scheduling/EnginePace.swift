/// How fast an engine gets through its tasks, as far as the scheduler can tell, and how many it may have at once.
///
/// An engine with a single task waits for the next one as long as messages travel, which for a short task is most of the
/// time. While its tasks are short it gets some ahead. What then waits behind a long task comes back: the engine returns
/// it after ``patience``.
struct EnginePace {
  /// After this long with one task an engine that can do so returns those behind it.
  static let patience = Duration.milliseconds(10)
  /// How long one task may take for the engine to have 1, 2, 4, 8, 16 or 32 at once: all together no longer than 4 ms.
  private static let shares: [Duration] = [4000, 2000, 1000, 500, 250, 125].map { .microseconds($0) }
  /// An engine silent for longer gets nothing ahead.
  private static let silence = patience / 2

  /// The index among ``shares``.
  private var level = 0
  /// Since when the engine has been busy with the first of its tasks.
  private var busySince: ContinuousClock.Instant?

  /// The engine was sent a task.
  mutating func started(now: ContinuousClock.Instant) {
    if busySince == nil { busySince = now }
  }

  /// The engine has answered a task, and has others or not: one that was short enough doubles what it may have, one that
  /// was not halves it, and a long one brings it back to one at a time.
  mutating func finished(hasMore: Bool, now: ContinuousClock.Instant) {
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

  /// The engine has returned a task, because of one that takes long.
  mutating func returned(hasMore: Bool) {
    if !hasMore { busySince = nil }
    level = 0
  }

  /// How many tasks the engine may have at once.
  func depth(now: ContinuousClock.Instant) -> Int {
    guard level > 0, let busySince, now - busySince <= Self.silence else { return 1 }
    return 1 << level
  }
}

/// How fast an engine gets through its tasks, as far as the scheduler can tell, and how many it may have at once.
///
/// An engine with a single task waits for the next one as long as messages travel, which for a short task is most of the
/// time. While its tasks have been short it gets some ahead, at most for ``budget`` in all. What then waits behind a
/// long task comes back: the engine returns it after ``patience``.
struct EnginePace {
  /// After this long with one task an engine that can do so returns those behind it.
  static let patience = Duration.milliseconds(10)
  /// The tasks of an engine should take no longer than this together.
  private static let budget = Duration.milliseconds(2)
  private static let limit = 16
  /// An engine silent for longer gets nothing ahead.
  private static let silence = patience / 2

  /// How long a task has taken lately, on average; `nil` before the first.
  private var taskTime: Duration?
  /// Since when the engine has been busy with the first of its tasks.
  private var busySince: ContinuousClock.Instant?

  /// The engine was sent a task.
  mutating func started(now: ContinuousClock.Instant) {
    if busySince == nil { busySince = now }
  }

  /// The engine has answered a task, and has others or not.
  mutating func finished(hasMore: Bool, now: ContinuousClock.Instant) {
    guard let begin = busySince else { return }
    busySince = hasMore ? now : nil
    let time = min(now - begin, Self.patience)
    taskTime = taskTime.map { $0 + (time - $0) / 4 } ?? time
  }

  /// The engine has returned a task, because of one that takes long.
  mutating func returned(hasMore: Bool) {
    if !hasMore { busySince = nil }
    taskTime = Self.patience
  }

  /// How many tasks the engine may have at once.
  func depth(now: ContinuousClock.Instant) -> Int {
    guard let taskTime, let busySince, now - busySince <= Self.silence else { return 1 }
    var depth = Self.limit
    while depth > 1, taskTime * depth > Self.budget { depth /= 2 }
    return depth
  }
}

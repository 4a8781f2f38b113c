/// How fast an engine gets through its tasks, as far as the scheduler can tell, and how many it may have at once.
///
/// An engine with a single task waits for the next one while messages travel, which for short tasks is most of the time.
/// While its tasks are short it is given some ahead. Tasks that end up behind a long one come back: the engine returns
/// them after ``patience``.
struct EnginePace {
  /// An engine that has worked on one task for this long returns those behind it, if it can.
  static let patience = Duration.milliseconds(10)
  /// How long tasks may take on average for an engine to have so many at once: 4 ms for all of them, and 8 ms for the
  /// shortest, which go through the sockets in batches.
  private static let steps: [Step] = [
    Step(depth: 1, time: 4000), Step(depth: 2, time: 2000), Step(depth: 4, time: 1000), Step(depth: 8, time: 500),
    Step(depth: 16, time: 250), Step(depth: 32, time: 125), Step(depth: 64, time: 62.5), Step(depth: 256, time: 31.25),
  ]
  /// An engine that has not replied for longer is given nothing ahead.
  private static let silence = patience / 2

  private struct Step {
    let depth: Int
    let time: Duration
    /// How many replies are measured before there may be more tasks at once: several where they come in batches, most of which
    /// seem to have taken no time.
    let sample: Int
    /// The most that the tasks of a sample may take.
    let limit: Duration

    /// - Parameter time: in microseconds.
    init(depth: Int, time: Double) {
      self.depth = depth
      self.time = .microseconds(time)
      sample = max(1, depth / 4)
      limit = self.time * sample
    }
  }

  /// An index of ``steps``.
  private var level = 0
  /// How many replies have come since the level was last considered, and the time of their tasks.
  private var sampled = 0
  private var sampledTime = Duration.zero
  /// When the engine began the first of its tasks, as far as known; `nil` if it has none.
  private var busySince: Instant?

  /// A task was dispatched to the engine.
  mutating func started(now: Instant) {
    if busySince == nil { busySince = now }
  }

  /// The engine replied to a task. Tasks that were short enough let the engine have more of them, others fewer, and a long one
  /// brings it back to one.
  ///
  /// - Parameter hasMore: whether the engine has other tasks.
  mutating func finished(hasMore: Bool, now: Instant) {
    guard let begin = busySince else { return }
    busySince = hasMore ? now : nil
    let time = now - begin
    sampled += 1
    sampledTime += time
    if time > Self.steps[0].limit {
      setLevel(0)
    } else if sampledTime > Self.steps[level].limit {
      setLevel(level - 1)
    } else if sampled == Self.steps[level].sample {
      let isShort = level + 1 < Self.steps.count && sampledTime <= Self.steps[level + 1].time * sampled
      setLevel(isShort ? level + 1 : level)
    }
  }

  /// The engine returned a task because another one takes long.
  mutating func returned(hasMore: Bool) {
    if !hasMore { busySince = nil }
    setLevel(0)
  }

  private mutating func setLevel(_ level: Int) {
    self.level = level
    sampled = 0
    sampledTime = .zero
  }

  /// How many tasks the engine may have at once.
  func depth(now: Instant) -> Int {
    guard level > 0, let busySince, now - busySince <= Self.silence else { return 1 }
    return Self.steps[level].depth
  }
}

import DequeModule
import MartletZeroMQ

/// The small messages that passed lately, up to a bound.
struct RecentMessages {
  private var entries = Deque<(time: ContinuousClock.Instant, message: SharedFrames)>()
  private let limit: Int
  private let age: Duration
  /// Larger messages are not kept: who sends many must not fill the memory.
  static let sizeLimit = 65_536

  /// - Parameters:
  ///   - limit: how many are kept.
  ///   - age: for how long.
  init(limit: Int, age: Duration) {
    self.limit = limit
    self.age = age
  }

  mutating func add(_ message: SharedFrames, now: ContinuousClock.Instant) {
    guard message.totalSize <= Self.sizeLimit else { return }
    while entries.count >= limit || entries.first.map({ now - $0.time > age }) ?? false { entries.removeFirst() }
    entries.append((now, message))
  }

  /// Those that are young enough, in the order they came.
  func all(now: ContinuousClock.Instant) -> [SharedFrames] {
    entries.drop { now - $0.time > age }.map(\.message)
  }
}

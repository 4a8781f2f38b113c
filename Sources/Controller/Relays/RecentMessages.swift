import DequeModule
import MartletZeroMQ

/// The latest small messages, limited in number and age.
struct RecentMessages {
  private var entries = Deque<(time: Instant, message: SharedFrames)>()
  private let limit: Int
  private let age: Duration
  /// The largest message that is kept, in bytes; a peer could fill the memory with larger ones.
  static let sizeLimit = 65_536

  /// - Parameters:
  ///   - limit: the most messages kept.
  ///   - age: how long a message is kept.
  init(limit: Int, age: Duration) {
    self.limit = limit
    self.age = age
  }

  /// Adds a message unless it is too large.
  mutating func add(_ message: SharedFrames, now: Instant) {
    guard message.totalSize <= Self.sizeLimit else { return }
    while entries.count >= limit || entries.first.map({ now - $0.time > age }) ?? false { entries.removeFirst() }
    entries.append((now, message))
  }

  /// The messages that are not too old, in the order of arrival.
  func all(now: Instant) -> [SharedFrames] {
    entries.drop { now - $0.time > age }.map(\.message)
  }
}

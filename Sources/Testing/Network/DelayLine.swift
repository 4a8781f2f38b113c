import DequeModule

/// Messages on their way in one direction, in their order. A value without a clock: time is passed in.
struct DelayLine<Item> {
  private var items: Deque<(item: Item, arrival: ContinuousClock.Instant)> = []

  /// An item sets out.
  mutating func add(_ item: Item, at now: ContinuousClock.Instant) { items.append((item, now)) }

  /// The item that arrives next, if it takes no longer than until now.
  func first(delay: Duration, now: ContinuousClock.Instant) -> Item? {
    guard let first = items.first, first.arrival + delay <= now else { return nil }
    return first.item
  }

  /// The item that arrives next has arrived.
  mutating func removeFirst() { _ = items.popFirst() }

  /// When the next item arrives; `nil` if none is on its way.
  func due(delay: Duration) -> ContinuousClock.Instant? { items.first.map { $0.arrival + delay } }
}

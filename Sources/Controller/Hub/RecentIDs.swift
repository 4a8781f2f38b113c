import DequeModule

/// A set of the most recent ids, up to a limit.
struct RecentIDs {
  private var members: Set<String> = []
  private var order = Deque<String>()
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  mutating func insert(_ id: String) {
    guard members.insert(id).inserted else { return }
    order.append(id)
    if order.count > limit { members.remove(order.removeFirst()) }
  }

  func contains(_ id: String) -> Bool { members.contains(id) }
}

import DequeModule

/// A first-in, first-out queue that releases its memory when it has been drained.
struct WorkQueue<Element> {
  private var elements = Deque<Element>()
  /// The largest number of elements since the memory was last released.
  private var peak = 0

  /// Up to this many elements the memory is kept.
  private static var keptCapacity: Int { 256 }

  init() {}

  var isEmpty: Bool { elements.isEmpty }
  var count: Int { elements.count }
  var first: Element? { elements.first }

  /// The number of elements that memory is allocated for, at least.
  var capacity: Int { peak }

  mutating func append(_ element: consuming Element) {
    elements.append(consume element)
    peak = max(peak, elements.count)
  }

  mutating func popFirst() -> Element? {
    let element = elements.popFirst()
    if peak > Self.keptCapacity, elements.isEmpty {
      elements = []
      peak = 0
    }
    return element
  }

  mutating func removeAll(where isRemoved: (Element) -> Bool) { elements.removeAll(where: isRemoved) }
}

extension WorkQueue: Sendable where Element: Sendable {}

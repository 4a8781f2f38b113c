/// A first-in, first-out queue that releases its memory when it has been drained.
///
/// Two arrays, as elements are moved in and out of them, and copied into a deque.
struct WorkQueue<Element> {
  private var incoming: [Element] = []
  /// The elements that leave next, the first one last.
  private var outgoing: [Element] = []
  /// The largest number of elements since the memory was last released.
  private var peak = 0

  /// Up to this many elements the memory is kept.
  private static var keptCapacity: Int { 256 }

  init() {}

  var isEmpty: Bool { incoming.isEmpty && outgoing.isEmpty }
  var count: Int { incoming.count + outgoing.count }
  var first: Element? { outgoing.last ?? incoming.first }

  /// The number of elements that memory is allocated for, at least.
  var capacity: Int { peak }

  mutating func append(_ element: consuming Element) {
    incoming.append(element)
    peak = max(peak, count)
  }

  mutating func popFirst() -> Element? {
    if outgoing.isEmpty {
      // Reversing in place would copy.
      outgoing.reserveCapacity(incoming.count)
      while let element = incoming.popLast() { outgoing.append(element) }
    }
    let element = outgoing.popLast()
    if peak > Self.keptCapacity, isEmpty {
      (incoming, outgoing) = ([], [])
      peak = 0
    }
    return element
  }

  mutating func removeAll(where isRemoved: (Element) -> Bool) {
    incoming.removeAll(where: isRemoved)
    outgoing.removeAll(where: isRemoved)
  }
}

extension WorkQueue: Sendable where Element: Sendable {}

import HeapModule

/// A priority queue for entries that may become stale while they are in it.
///
/// A stale entry is skipped when it comes up; ``prune(live:where:)`` removes all of them once they outnumber the others.
/// Memory follows the number of entries.
struct LazyHeap<Element: Comparable> {
  private var heap = Heap<Element>()
  /// The largest number of entries since the memory was last fitted.
  private var peak = 0

  private static var smallestCapacity: Int { 32 }

  init() {}

  var count: Int { heap.count }
  var min: Element? { heap.min }

  /// All entries, in no particular order.
  var unordered: [Element] { heap.unordered }

  /// The number of entries that memory is allocated for, at least.
  var capacity: Int { peak }

  mutating func insert(_ element: Element) {
    heap.insert(element)
    peak = max(peak, heap.count)
  }

  mutating func replaceMin(with element: Element) { heap.replaceMin(with: element) }

  @discardableResult
  mutating func popMin() -> Element? {
    let element = heap.popMin()
    if peak > Self.smallestCapacity, heap.count * 4 < peak { fit { _ in true } }
    return element
  }

  /// Removes stale entries if more than half of the entries are stale.
  ///
  /// - Parameter live: the number of entries that are not stale.
  mutating func prune(live: Int, where isLive: (Element) -> Bool) {
    if heap.count > 2 * live + Self.smallestCapacity { fit(isLive) }
  }

  private mutating func fit(_ isKept: (Element) -> Bool) {
    heap = Heap(heap.unordered.filter(isKept))
    peak = heap.count
  }
}

extension LazyHeap: Sendable where Element: Sendable {}

import Collections
import DequeModule
import OrderedCollections

/// The requests of the shell channel: one runs, the others wait in the order of their arrival.
///
/// A value without I/O: each event returns what to do.
struct RequestQueue<Item: Sendable>: Sendable {
  /// What to do with a request that arrived.
  enum Arrival: Sendable {
    /// Run it now: nothing else is running.
    case run(Item)
    /// Nothing: it waits for its turn.
    case wait
    /// Answer it with `aborted`: it was aborted before it arrived.
    case aborted(Item)
  }

  private struct Entry: Sendable {
    /// `nil` for control requests, which can't be aborted.
    let id: String?
    let item: Item
  }

  private var waiting: Deque<Entry> = []
  /// The most requests that have waited since the queue's memory was last released.
  private(set) var peakCount = 0
  private var running: Entry?
  private var startedCount = 0
  private var abortedInAdvance: OrderedSet<String> = []
  private let abortLimit: Int

  /// An empty queue releases its memory if more requests than this have waited.
  static var reusedCapacity: Int { 1024 }

  /// Creates an empty queue.
  ///
  /// - Parameter abortLimit: how many ids of aborted requests that have not arrived yet are remembered; beyond it the
  ///   oldest are forgotten.
  init(abortLimit: Int = 4096) { self.abortLimit = abortLimit }

  /// The number of waiting requests.
  var count: Int { waiting.count }

  /// The running request's number, which increases by one with each request; `nil` when none runs.
  var runningNumber: Int? { running == nil ? nil : startedCount }

  /// The running request; `nil` when none runs, or a control request.
  var runningItem: Item? { running?.id == nil ? nil : running?.item }

  /// The requests that run or wait, in this order, except control requests.
  var all: [Item] { ([running].compactMap(\.self) + waiting).filter { $0.id != nil }.map(\.item) }

  /// A request arrived.
  mutating func add(_ item: Item, id: String) -> Arrival {
    // The id is forgotten with its first request, because a resubmitted task has the same id.
    if abortedInAdvance.remove(id) != nil { return .aborted(item) }
    return add(Entry(id: id, item: item), atFront: false)
  }

  /// A control request arrived that waits for the running request, but not for those behind it.
  mutating func addNext(_ item: Item) -> Arrival { add(Entry(id: nil, item: item), atFront: true) }

  /// The running request is done.
  ///
  /// - Returns: the next one to run, or `nil` when none is waiting.
  mutating func finish() -> Item? {
    running = waiting.popFirst()
    if running != nil { startedCount += 1 }
    if waiting.isEmpty { releaseMemory() }
    return running?.item
  }

  /// Aborts the named requests: those waiting now, and the others when they arrive. A running request continues.
  ///
  /// - Returns: the requests to answer with `aborted`, in the order of their arrival.
  mutating func abort(_ ids: [String]) -> [Item] {
    let wanted = Set(ids)
    let removed = remove { $0.id.map(wanted.contains) ?? false }
    let found = Set(removed.compactMap(\.id))
    abortedInAdvance.append(contentsOf: ids.lazy.filter { !found.contains($0) }.suffix(abortLimit))
    // Once for all: removing the first element moves all others.
    abortedInAdvance.removeFirst(max(0, abortedInAdvance.count - abortLimit))
    return removed.map(\.item)
  }

  /// Aborts all waiting requests except control requests.
  ///
  /// - Returns: the requests in the order of their arrival.
  mutating func abortAll() -> [Item] { withdraw { _ in true } }

  /// Removes the waiting requests that match, except control requests.
  ///
  /// - Returns: the requests in the order of their arrival.
  mutating func withdraw(_ isWithdrawn: (Item) -> Bool) -> [Item] {
    remove { $0.id != nil && isWithdrawn($0.item) }.map(\.item)
  }

  private mutating func add(_ entry: Entry, atFront: Bool) -> Arrival {
    guard running != nil else {
      running = entry
      startedCount += 1
      return .run(entry.item)
    }
    if atFront { waiting.prepend(entry) } else { waiting.append(entry) }
    peakCount = max(peakCount, waiting.count)
    return .wait
  }

  private mutating func remove(where isRemoved: (Entry) -> Bool) -> [Entry] {
    var removed: [Entry] = []
    var kept: Deque<Entry> = []
    for entry in waiting {
      if isRemoved(entry) { removed.append(entry) } else { kept.append(entry) }
    }
    guard !removed.isEmpty else { return [] }
    // The rebuilt deque is as large as what it holds.
    waiting = kept
    peakCount = waiting.count
    return removed
  }

  private mutating func releaseMemory() {
    guard peakCount > Self.reusedCapacity else { return }
    waiting = []
    peakCount = 0
  }
}

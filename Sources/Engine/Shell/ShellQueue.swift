import Collections
import DequeModule
import OrderedCollections

/// The requests of the shell channel: one runs, the others wait in the order they came.
///
/// A value without I/O: each event returns what is to be done about it.
struct ShellQueue<Item: Sendable>: Sendable {
  /// What is to be done with a request that came in.
  enum Arrival: Sendable {
    /// Nothing runs: run it now.
    case run(Item)
    /// It waits for its turn.
    case wait
    /// It was aborted before it came: answer it with `aborted`.
    case aborted(Item)
  }

  private struct Entry: Sendable {
    /// `nil` for control requests, which can't be aborted.
    let id: String?
    let item: Item
  }

  private var waiting: Deque<Entry> = []
  private var isRunning = false
  private var startedCount = 0
  private var abortedInAdvance: OrderedSet<String> = []
  private let abortLimit: Int

  /// An empty queue.
  ///
  /// - Parameter abortLimit: how many ids of requests that have not come yet are remembered; the oldest are forgotten.
  init(abortLimit: Int = 4096) { self.abortLimit = abortLimit }

  /// How many requests wait.
  var count: Int { waiting.count }

  /// The number of the request that runs, one more for each; `nil` while none does.
  var runningNumber: Int? { isRunning ? startedCount : nil }

  /// A request came in.
  mutating func add(_ item: Item, id: String) -> Arrival {
    // An id is forgotten with its request: the same id comes again when the task is resubmitted.
    if abortedInAdvance.remove(id) != nil { return .aborted(item) }
    return add(Entry(id: id, item: item), atFront: false)
  }

  /// A control request came in that has to wait for the running task, but not for those behind it.
  mutating func addNext(_ item: Item) -> Arrival { add(Entry(id: nil, item: item), atFront: true) }

  /// The running request is done.
  ///
  /// - Returns: the one to run next; `nil` when none waits.
  mutating func finish() -> Item? {
    let next = waiting.popFirst()?.item
    isRunning = next != nil
    if isRunning { startedCount += 1 }
    return next
  }

  /// Some requests are aborted: those that wait now, the others when they come. The running one goes on.
  ///
  /// - Returns: the requests to answer with `aborted`, in the order they came.
  mutating func abort(_ ids: [String]) -> [Item] {
    let wanted = Set(ids)
    let removed = remove { $0.id.map(wanted.contains) ?? false }
    let found = Set(removed.compactMap(\.id))
    for id in ids where !found.contains(id) {
      abortedInAdvance.append(id)
      if abortedInAdvance.count > abortLimit { abortedInAdvance.removeFirst() }
    }
    return removed.map(\.item)
  }

  /// All requests that wait are aborted.
  ///
  /// - Returns: them, in the order they came.
  mutating func abortAll() -> [Item] { withdraw { _ in true } }

  /// Forgets requests that wait.
  ///
  /// - Returns: them, in the order they came.
  mutating func withdraw(_ isWithdrawn: (Item) -> Bool) -> [Item] {
    remove { $0.id != nil && isWithdrawn($0.item) }.map(\.item)
  }

  private mutating func add(_ entry: Entry, atFront: Bool) -> Arrival {
    guard isRunning else {
      isRunning = true
      startedCount += 1
      return .run(entry.item)
    }
    if atFront { waiting.prepend(entry) } else { waiting.append(entry) }
    return .wait
  }

  private mutating func remove(where isRemoved: (Entry) -> Bool) -> [Entry] {
    var removed: [Entry] = []
    var kept: Deque<Entry> = []
    for entry in waiting {
      if isRemoved(entry) { removed.append(entry) } else { kept.append(entry) }
    }
    if !removed.isEmpty { waiting = kept }
    return removed
  }
}

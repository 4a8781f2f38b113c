import DequeModule

/// The queue of writes and queries for a task store that runs on its own thread.
struct TaskStoreQueue {
  enum Entry {
    case write(TaskStoreWrite)
    case question(TaskStoreQuery, TaskStoreReply)

    var weight: Int {
      switch self {
      case .write(let write): write.weight
      case .question: TaskStoreWrite.overhead
      }
    }
  }

  private var entries = Deque<Entry>()
  /// The weight of all entries, including those taken but not yet finished.
  private(set) var weight = 0
  /// Whether the store's thread has been notified of pending entries.
  private var isAnnounced = false

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }

  /// Adds writes and empties the array. Returns whether the store's thread must be notified.
  mutating func append(_ writes: inout [TaskStoreWrite]) -> Bool {
    for write in writes {
      weight += write.weight
      entries.append(.write(write))
    }
    writes.empty()
    return announce()
  }

  /// Adds a query. Returns whether the store's thread must be notified.
  mutating func append(_ query: TaskStoreQuery, _ reply: @escaping TaskStoreReply) -> Bool {
    let entry = Entry.question(query, reply)
    weight += entry.weight
    entries.append(entry)
    return announce()
  }

  private mutating func announce() -> Bool {
    defer { isAnnounced = true }
    return !isAnnounced && !entries.isEmpty
  }

  /// Takes entries from the front. Their weight counts until they are finished or put back.
  mutating func take(atMost limit: Int) -> Deque<Entry> {
    let taken = Deque(entries.prefix(limit))
    entries.removeFirst(taken.count)
    return taken
  }

  /// Subtracts the weight of processed entries. Returns whether more are waiting; if not, the next one added is
  /// announced.
  mutating func finish(weight finished: Int) -> Bool {
    weight -= finished
    guard entries.isEmpty else { return true }
    // Release the memory of a burst.
    entries = Deque()
    isAnnounced = false
    return false
  }

  /// Puts writes back at the front, and removes and returns all queries.
  mutating func putBack(_ taken: Deque<Entry>) -> [TaskStoreReply] {
    var questions: [TaskStoreReply] = []
    var rest = Deque<Entry>()
    for entry in [taken, entries].joined() {
      switch entry {
      case .write: rest.append(entry)
      case .question(_, let reply):
        questions.append(reply)
        weight -= entry.weight
      }
    }
    entries = rest
    return questions
  }
}

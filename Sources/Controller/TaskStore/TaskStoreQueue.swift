import DequeModule

/// Changes and questions on their way to a task store with a thread of its own.
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
  /// The weight of all entries, including those taken and not yet finished.
  private(set) var weight = 0
  /// Whether the store's thread has been told that there are entries.
  private var isAnnounced = false

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }

  /// Adds changes and empties the array. Returns whether the store's thread must be told.
  mutating func append(_ writes: inout [TaskStoreWrite]) -> Bool {
    for write in writes {
      weight += write.weight
      entries.append(.write(write))
    }
    writes.empty()
    return announce()
  }

  /// Adds a question. Returns whether the store's thread must be told.
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

  /// Takes some entries from the front. They count until they are finished or put back.
  mutating func take(atMost limit: Int) -> Deque<Entry> {
    let taken = Deque(entries.prefix(limit))
    entries.removeFirst(taken.count)
    return taken
  }

  /// Entries have been processed. Returns whether there are more; if not, the next one will be announced.
  mutating func finish(weight finished: Int) -> Bool {
    weight -= finished
    guard entries.isEmpty else { return true }
    // A burst must not keep its memory.
    entries = Deque()
    isAnnounced = false
    return false
  }

  /// Puts changes back in front, and takes all questions out.
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

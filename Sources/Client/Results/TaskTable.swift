/// The tasks of a call by slot, in pages that exist from the first task of theirs that is sent to the last one that is let
/// go: a map of a million chunks takes the memory of those between.
struct TaskTable: Sendable {
  private static let pageSize = 256

  private struct Page: Sendable {
    /// Empty before the first task is sent, and after the last one was let go.
    var tasks: [TaskState] = []
    var released = 0

    subscript(offset: Int, size size: Int) -> TaskState {
      _read {
        if tasks.isEmpty {
          yield released == 0 ? TaskState() : .released
        } else {
          yield tasks[offset]
        }
      }
      _modify {
        if tasks.isEmpty { tasks = Array(repeating: released == 0 ? TaskState() : .released, count: size) }
        yield &tasks[offset]
      }
    }

    mutating func release(_ offset: Int) {
      tasks[offset] = .released
      released += 1
      if released == tasks.count { tasks = [] }
    }
  }

  /// How many tasks there are.
  let count: Int
  /// Most calls have no other.
  private var first = Page()
  private var others: [Page]

  /// A number of tasks that have not been sent.
  init(count: Int) {
    self.count = count
    others = Array(repeating: Page(), count: count / Self.pageSize)
  }

  /// The slots in order.
  var indices: Range<Int> { 0..<count }

  /// How many pages take memory.
  var pageCount: Int { others.count { !$0.tasks.isEmpty } + (first.tasks.isEmpty ? 0 : 1) }

  /// The task in a slot: one that has ended, with ``ClientError/Code/alreadyRead``, if it was let go.
  subscript(slot: Int) -> TaskState {
    _read {
      if slot < Self.pageSize {
        yield first[slot, size: size(0)]
      } else {
        yield others[slot / Self.pageSize - 1][slot % Self.pageSize, size: size(slot / Self.pageSize)]
      }
    }
    _modify {
      if slot < Self.pageSize {
        yield &first[slot, size: size(0)]
      } else {
        yield &others[slot / Self.pageSize - 1][slot % Self.pageSize, size: size(slot / Self.pageSize)]
      }
    }
  }

  /// Lets a task go that has ended and was not let go before.
  mutating func release(_ slot: Int) {
    if slot < Self.pageSize {
      first.release(slot)
    } else {
      others[slot / Self.pageSize - 1].release(slot % Self.pageSize)
    }
  }

  private func size(_ page: Int) -> Int { min(Self.pageSize, count - page * Self.pageSize) }
}

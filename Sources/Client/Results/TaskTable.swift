/// The tasks of a call by slot, in pages that exist from the first task of theirs that is sent to the last one that is let
/// go: a map of a million chunks takes the memory of those between. The only task of a call is not in a page.
struct TaskTable: Sendable {
  private static let pageSize = 256

  /// How many tasks there are.
  let count: Int
  /// The only task of most calls.
  private var single = TaskState()
  /// Each is empty before the first of its tasks is sent, and after the last one was let go.
  private var pages: [[TaskState]] = []
  /// How many tasks of each page were let go; empty before the first.
  private var released: [Int] = []

  /// A number of tasks that have not been sent.
  init(count: Int) {
    self.count = count
    if count > 1 { pages = Array(repeating: [], count: count / Self.pageSize + 1) }
  }

  /// The slots in order.
  var indices: Range<Int> { 0..<count }

  /// How many pages take memory.
  var pageCount: Int { pages.count { !$0.isEmpty } }

  /// A copy of the task in a slot: one that has ended, with ``ClientError/Code/alreadyRead``, if it was let go.
  subscript(slot: Int) -> TaskState { read(slot) { $0 } }

  /// Reads from a task without copying it. A subscript that yields it would allocate memory each time.
  @inline(__always)
  func read<Output>(_ slot: Int, _ body: (TaskState) -> Output) -> Output {
    if pages.isEmpty { return body(single) }
    let page = slot / Self.pageSize
    return pages[page].isEmpty ? body(initial(page)) : body(pages[page][slot % Self.pageSize])
  }

  /// Changes a task.
  @inline(__always)
  mutating func update<Output>(_ slot: Int, _ body: (inout TaskState) -> Output) -> Output {
    if pages.isEmpty { return body(&single) }
    let page = slot / Self.pageSize
    if pages[page].isEmpty { fill(page) }
    return body(&pages[page][slot % Self.pageSize])
  }

  /// Lets a task go that has ended and was not let go before.
  mutating func release(_ slot: Int) {
    guard !pages.isEmpty else {
      single = .released
      return
    }
    if released.isEmpty { released = Array(repeating: 0, count: pages.count) }
    let page = slot / Self.pageSize
    pages[page][slot % Self.pageSize] = .released
    released[page] += 1
    if released[page] == pages[page].count { pages[page] = [] }
  }

  /// One task as all of an empty page are.
  private func initial(_ page: Int) -> TaskState { released.isEmpty || released[page] == 0 ? TaskState() : .released }

  private mutating func fill(_ page: Int) {
    pages[page] = Array(repeating: initial(page), count: min(Self.pageSize, count - page * Self.pageSize))
  }
}

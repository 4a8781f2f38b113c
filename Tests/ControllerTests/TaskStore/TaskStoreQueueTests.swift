import Testing

@testable import MartletController

/// The queue of writes and queries between the hub and a store on its own thread.
@Suite struct TaskStoreQueueTests {
  private var queue = TaskStoreQueue()

  private mutating func write(_ ids: String...) -> Bool {
    var writes = ids.map { TaskStoreWrite.engine("e", of: $0) }
    defer { #expect(writes.isEmpty) }
    return queue.append(&writes)
  }

  private mutating func ask() -> Bool { queue.append(.history) { _ in } }

  /// The ids of the entries, with `?` for a query.
  private func names(_ entries: some Sequence<TaskStoreQueue.Entry>) -> [String] {
    entries.map {
      switch $0 {
      case .write(let write): write.messageID ?? ""
      case .question: "?"
      }
    }
  }

  @Test mutating func entriesKeepTheirOrder() {
    #expect([write("a", "b"), ask(), write("c")] == [true, false, false])
    #expect(names(queue.take(atMost: 2)) == ["a", "b"])
    #expect(names(queue.take(atMost: 9)) == ["?", "c"])
    #expect(queue.isEmpty)
  }

  @Test mutating func entriesCountUntilTheyAreFinished() {
    _ = write("a", "b")
    #expect(queue.weight == 2 * TaskStoreWrite.overhead)
    let taken = queue.take(atMost: 9)
    #expect(queue.weight == 2 * TaskStoreWrite.overhead)
    let hasMore = queue.finish(weight: taken.reduce(0) { $0 + $1.weight })
    #expect(!hasMore && queue.weight == 0)
  }

  @Test mutating func theThreadIsToldOnceUntilItHasFinished() {
    #expect([write("a"), write("b"), ask()] == [true, false, false])
    var taken = queue.take(atMost: 1)
    var hasMore = queue.finish(weight: taken.reduce(0) { $0 + $1.weight })
    #expect(hasMore && !write("c"))
    taken = queue.take(atMost: 9)
    hasMore = queue.finish(weight: taken.reduce(0) { $0 + $1.weight })
    #expect(!hasMore && queue.weight == 0)
    #expect(write("d"))
  }

  @Test mutating func changesGoBackInFrontAndQuestionsOut() {
    _ = write("a", "b")
    _ = ask()
    _ = write("c")
    _ = ask()
    var taken = queue.take(atMost: 3)
    taken.removeFirst()
    let questions = queue.putBack(taken)
    #expect(questions.count == 2)
    let hasMore = queue.finish(weight: TaskStoreWrite.overhead)
    #expect(hasMore && queue.weight == 2 * TaskStoreWrite.overhead)
    #expect(names(queue.take(atMost: 9)) == ["b", "c"])
  }
}

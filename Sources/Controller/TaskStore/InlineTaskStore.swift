import Logging

/// A task store that does no I/O and runs on the hub's loop.
final class InlineTaskStore: TaskStoreService {
  private let store: any TaskStore
  private var failures: TaskStoreFailures

  init(_ store: any TaskStore, logger: Logger) {
    self.store = store
    failures = TaskStoreFailures(logger: logger)
  }

  var keepsRecords: Bool { store.keepsRecords }
  var room: Int { .max }

  func post(_ writes: inout [TaskStoreWrite]) {
    for index in writes.indices {
      // Moved out, not copied.
      var write = TaskStoreWrite.drop([])
      swap(&write, &writes[index])
      do {
        try store.perform(write)
      } catch {
        failures.note(error, messageID: write.messageID)
      }
    }
    writes.empty()
  }

  func ask(_ query: TaskStoreQuery, then answer: @escaping TaskStoreReply) {
    answer(Result { () throws(TaskStoreError) in try store.answer(query) })
  }

  func close(then done: @escaping @Sendable () -> Void) {
    do {
      try store.close()
    } catch {
      failures.noteClose(error)
    }
    done()
  }
}

import Logging
import MartletWire

/// Counts writes that failed, and logs some of them.
struct TaskStoreFailures {
  private let logger: Logger
  private var total = 0

  init(logger: Logger) { self.logger = logger }

  mutating func note(_ error: TaskStoreError, messageID: String?) {
    // A record may be dropped while its task runs, so a missing one is not a failure.
    if error.code == .notFound || error.code == .noData { return }
    total += 1
    // One line per thousand is enough: a full disk fails every change.
    guard total % 1000 == 1 else { return }
    logger.error(
      "a task record can't be stored",
      metadata: [
        LogKey.messageID: "\(messageID ?? "")", LogKey.reason: "\(error)", LogKey.count: "\(total)",
      ])
  }

  /// Logs that pending changes can't be committed.
  func noteFlush(_ error: TaskStoreError) {
    logger.error("the task store can't be written", metadata: [LogKey.reason: "\(error)"])
  }

  /// Logs that the store can't be closed, or that `count` changes were not written before it closed.
  func noteClose(_ error: TaskStoreError, count: Int = 0) {
    logger.error(
      "the task store can't be closed", metadata: [LogKey.reason: "\(error)", LogKey.count: "\(count)"])
  }
}

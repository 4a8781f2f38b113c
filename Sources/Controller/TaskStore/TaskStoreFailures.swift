import Logging
import MartletWire

/// Counts changes that could not be stored, and logs some of them.
struct TaskStoreFailures {
  private let logger: Logger
  private var total = 0

  init(logger: Logger) { self.logger = logger }

  mutating func note(_ error: TaskStoreError, messageID: String?) {
    // A record may have been dropped while its task ran. That is no failure.
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

  /// Changes gathered so far can't be written.
  func noteFlush(_ error: TaskStoreError) {
    logger.error("the task store can't be written", metadata: [LogKey.reason: "\(error)"])
  }

  /// The store can't be closed, or `count` changes could not be written before.
  func noteClose(_ error: TaskStoreError, count: Int = 0) {
    logger.error(
      "the task store can't be closed", metadata: [LogKey.reason: "\(error)", LogKey.count: "\(count)"])
  }
}

import DequeModule
import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// A task store that runs on its own thread.
///
/// While another process holds the database lock, writes stay queued and are retried. Queries queued behind them fail
/// with an error. ``queueLimit`` bounds the queue: the hub checks ``room`` before it posts the content of messages.
actor ThreadedTaskStore: EventLoopActor, TaskStoreService {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let store: any TaskStore
  private let flushInterval: Duration
  private let logger: Logger
  private var failures: TaskStoreFailures
  private var flushTimer: EventLoop.Token?
  private var retryTimer: EventLoop.Token?
  private var isWaitingForLock = false
  private nonisolated let queue = Mutex(TaskStoreQueue())

  /// The limit on the memory of queued writes, in bytes. 256 MiB cover a lock held for a minute while thousands of
  /// small tasks per second are recorded.
  static let queueLimit = 1 << 28
  /// The number of entries processed before timers run again.
  private static let batch = 256
  /// Each attempt already waits for the lock. This delay only lets other work on the loop run.
  private static let retryDelay = Duration.milliseconds(10)

  /// - Parameters:
  ///   - store: The store, used only on the loop.
  ///   - loop: The loop of the store's thread.
  ///   - flushInterval: The longest time before changes are committed. ipyparallel commits every two seconds.
  init(_ store: sending any TaskStore, loop: EventLoop, flushInterval: Duration = .seconds(2), logger: Logger) {
    self.store = store
    self.loop = loop
    self.flushInterval = flushInterval
    self.logger = logger
    failures = TaskStoreFailures(logger: logger)
  }

  // MARK: - From the hub's loop

  nonisolated var keepsRecords: Bool { true }
  nonisolated var room: Int { Self.queueLimit - queue.withLock { $0.weight } }

  nonisolated func post(_ writes: inout [TaskStoreWrite]) {
    // Copied because a lock's closure can't capture an inout argument.
    var taken = writes
    writes.empty()
    if queue.withLock({ $0.append(&taken) }) { execute { $0.work() } }
  }

  nonisolated func ask(_ query: TaskStoreQuery, then answer: @escaping TaskStoreReply) {
    if queue.withLock({ $0.append(query, answer) }) { execute { $0.work() } }
  }

  nonisolated func close(then done: @escaping @Sendable () -> Void) {
    execute {
      $0.finish()
      done()
    }
  }

  // MARK: - On the store's loop

  /// Processes a batch, and schedules another if entries remain.
  private func work() {
    retryTimer = nil
    do {
      if try processBatch() { execute { $0.work() } }
    } catch {
      if !isWaitingForLock {
        isWaitingForLock = true
        logger.warning(
          "another process has locked the task database; records wait", metadata: [LogKey.reason: "\(error)"])
      }
      retryTimer = schedule(at: .now + Self.retryDelay) { $0.work() }
    }
  }

  /// Processes entries. Returns whether more remain.
  ///
  /// - Throws: `TaskStoreError` with the code `locked`. Entries not processed are back in the queue.
  private func processBatch() throws(TaskStoreError) -> Bool {
    var entries = queue.withLock { $0.take(atMost: Self.batch) }
    var finished = 0
    while let entry = entries.first {
      switch entry {
      case .question(let query, let reply): reply(Result { () throws(TaskStoreError) in try store.answer(query) })
      case .write(let write):
        do {
          try store.perform(write)
        } catch {
          if error.code == .locked {
            putBack(entries, finished: finished, error)
            throw error
          }
          failures.note(error, messageID: write.messageID)
        }
        isWaitingForLock = false
        armFlush()
      }
      finished += entry.weight
      entries.removeFirst()
    }
    let weight = finished
    return queue.withLock { $0.finish(weight: weight) }
  }

  private func putBack(_ entries: Deque<TaskStoreQueue.Entry>, finished: Int, _ error: TaskStoreError) {
    let questions = queue.withLock { queue in
      let questions = queue.putBack(entries)
      _ = queue.finish(weight: finished)
      return questions
    }
    for reply in questions { reply(.failure(error)) }
  }

  private func armFlush() {
    guard flushTimer == nil else { return }
    flushTimer = schedule(at: .now + flushInterval) {
      $0.flushTimer = nil
      $0.flush()
    }
  }

  private func flush() {
    do {
      try store.flush()
    } catch {
      failures.noteFlush(error)
      armFlush()
    }
  }

  /// Writes the remaining entries unless the database stays locked, and closes the store.
  private func finish() {
    for token in [flushTimer, retryTimer].compactMap(\.self) { loop.cancel(token) }
    do {
      while try processBatch() {}
    } catch {
      failures.noteClose(error, count: queue.withLock { $0.count })
    }
    do {
      try store.close()
    } catch {
      failures.noteClose(error)
    }
  }
}

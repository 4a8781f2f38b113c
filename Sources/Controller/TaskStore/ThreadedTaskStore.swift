import DequeModule
import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// A task store on a thread of its own.
///
/// While another process holds the lock of the database, changes wait and are tried again. Questions that wait behind
/// them are answered with an error. The queue is bounded by ``queueLimit``: the hub looks at ``room`` before it posts the
/// content of messages.
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

  /// The memory that waiting changes may take, in bytes. 256 MiB: a lock that is held for a minute while thousands of
  /// small tasks a second are recorded.
  static let queueLimit = 1 << 28
  /// How many entries are processed between two looks at timers.
  private static let batch = 256
  /// Each attempt waits for the lock already, so this only gives other work of the loop a chance.
  private static let retryDelay = Duration.milliseconds(10)

  /// - Parameters:
  ///   - store: The store. It is used on the loop only.
  ///   - loop: The loop of the store's thread.
  ///   - flushInterval: How long changes may wait before they become permanent. ipyparallel commits every two seconds.
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
    // Taken out of the caller's hands, because a lock can't be given an inout argument.
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

  /// Processes a batch, and comes back if there is more.
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

  /// Processes entries. Returns whether there are more.
  ///
  /// - Throws: `TaskStoreError` with the code `locked`. What could not be done is back in the queue.
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

  /// Writes what is left, unless the database stays locked, and closes the store.
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

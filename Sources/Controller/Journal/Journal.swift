import Foundation
import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// The journal of the load-balanced tasks: what a controller needs to go on after it was killed.
///
/// The task scheduler makes entries, and sends nothing to anybody before the entries are committed that it follows from: see
/// ``TaskScheduler``. Whatever arrives while a transaction is committed goes into the next one.
actor Journal: EventLoopActor {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let database: JournalDatabase
  private var ledger: JournalLedger
  private let logger: Logger
  /// The most bytes that the batches have had since the file was last shrunk.
  private var peakBytes = 0
  private var nextCommit = Instant.now
  private var commitTimer: EventLoop.Token?
  private var hasFailed = false
  private var isClosed = false
  private var committed: (@Sendable (Result<UInt64, any Error>) -> Void)?
  private nonisolated let inbox = Mutex(Inbox())
  private nonisolated let knownSince: Mutex<Double?>

  private struct Inbox {
    var batches: [[UInt8]] = []
    var epoch: UInt64 = 0
    var isAnnounced = false
  }

  /// The free space in the file that is not worth the effort.
  private static let freeBytes = 64 << 20
  /// With so many open tasks there is a pause between two commits.
  private static let manyTasks = 100
  private static let pause = Duration.milliseconds(1)
  /// The most bytes of a message that is put into the journal: SQLite's rows have less than 1 GB.
  static let messageLimit = 1 << 29

  init(_ opened: Opened, loop: EventLoop, logger: Logger) {
    database = opened.database
    ledger = opened.ledger
    knownSince = Mutex(opened.ledger.horizon)
    self.loop = loop
    self.logger = logger
  }

  // MARK: - From any loop

  /// Sets what is called after each commit, with the latest epoch, or once with the error that ends the journal.
  func start(_ committed: @escaping @Sendable (Result<UInt64, any Error>) -> Void) { self.committed = committed }

  /// Has entries committed.
  ///
  /// - Parameter epoch: grows with each call.
  nonisolated func post(_ entries: [UInt8], epoch: UInt64) {
    let mustWake = inbox.withLock { inbox in
      inbox.batches.append(entries)
      inbox.epoch = epoch
      defer { inbox.isAnnounced = true }
      return !inbox.isAnnounced
    }
    if mustWake { execute { $0.entriesWait() } }
  }

  /// For how many seconds all tasks that were accepted are known, by the journal or the hub; `nil` if the journal has
  /// failed.
  nonisolated var coverage: Double? {
    knownSince.withLock { $0.map { max(0, Date().timeIntervalSince1970 - $0) } }
  }

  /// Finds the results of tasks.
  nonisolated func results(of ids: [String], then answer: @escaping @Sendable ([JournaledResult]) -> Void) {
    do {
      try loop.execute { self.assumeIsolated { answer($0.find(ids)) } }
    } catch {
      answer([])
    }
  }

  /// Commits what was posted and closes the journal. It is removed if all tasks have ended.
  ///
  /// - Returns: whether it is kept.
  func close() -> Bool {
    if let commitTimer { loop.cancel(commitTimer) }
    work()
    committed = nil
    guard !isClosed, !hasFailed else { return false }
    isClosed = true
    guard ledger.openCount > 0 else {
      database.remove()
      return false
    }
    logger.notice(
      "tasks have not ended: a controller that is started with this journal goes on with them",
      metadata: [LogKey.path: "\(database.path)", LogKey.count: "\(ledger.openCount)"])
    try? database.close()
    return true
  }

  /// Returns when everything that was posted before is committed.
  func flush() { work() }

  // MARK: - On the loop

  /// Commits what was posted; while many tasks are open, a moment after the last commit. Then nobody waits for a single
  /// commit, and fewer of them, each with more entries, leave more time for the tasks.
  private func entriesWait() {
    guard .now < nextCommit else { return work() }
    commitTimer = schedule(at: nextCommit) { $0.work() }
  }

  private func work() {
    let (batches, epoch) = inbox.withLock { inbox in
      defer {
        inbox.batches = []
        inbox.isAnnounced = false
      }
      return (inbox.batches, inbox.epoch)
    }
    guard !batches.isEmpty, !hasFailed, !isClosed else { return }
    if ledger.openCount >= Self.manyTasks { nextCommit = .now + Self.pause }
    do {
      try commit(batches)
      committed?(.success(epoch))
    } catch {
      fail(error)
    }
  }

  private func commit(_ batches: [[UInt8]]) throws {
    let now = Date().timeIntervalSince1970
    let changes = try ledger.add(batches, at: now) { try database.row($0)?.entries }
    if let horizon = changes.horizon { knownSince.withLock { $0 = horizon } }
    try database.commit(changes)
    peakBytes = max(peakBytes, ledger.totalBytes)
    if peakBytes > 4 * ledger.totalBytes + Self.freeBytes {
      peakBytes = ledger.totalBytes
      shrink()
    }
  }

  /// Gives space back. That takes space itself; if there is none, the journal goes on as it is.
  private func shrink() {
    do {
      try database.shrink()
    } catch {
      logger.warning(
        "the journal's file can't be shrunk",
        metadata: [LogKey.path: "\(database.path)", LogKey.reason: "\(error)"])
    }
  }

  private func find(_ ids: [String]) -> [JournaledResult] {
    guard !hasFailed, !isClosed else { return [] }
    return ledger.results(of: ids) { try? database.row($0)?.entries }
  }

  /// Ends the journal: what follows could contradict what it says, so no controller may go on with it.
  private func fail(_ error: any Error) {
    hasFailed = true
    knownSince.withLock { $0 = nil }
    logger.critical(
      "the journal can't be written; tasks don't survive the controller any more. Is the disk full?",
      metadata: [LogKey.path: "\(database.path)", LogKey.reason: "\(error)"])
    database.remove()
    committed?(.failure(error))
  }
}

import DequeModule

/// Which batch of a journal holds what, and which of it is still needed. A value without I/O: time is passed in.
///
/// A journal only grows at its end. A batch is deleted when nothing in it is needed any more; while more than half of all
/// bytes are not needed, what is needed of the sparsest batches is written again with the next batch. The same events
/// rebuild the ledger when the batches are read in their order.
///
/// A task that has ended may still be in an older batch, which would bring it back to life. So its end is needed until that
/// batch is deleted, though not its reply. If both are in the same batch, they go together.
struct JournalLedger: Sendable {
  typealias BatchID = JournalBatches.ID

  enum Phase { case open, delivered, undelivered, ended }

  typealias Place = JournalBatches.Place

  struct Task {
    var phase = Phase.open
    var accepted: Place?
    var placed: Place?
    /// Where the end is.
    var finished: Place?
    /// Where it is noted that the reply was not delivered.
    var mark: Place?
    /// When the task ended.
    var time = 0.0
    /// The hash of the id, once the task has ended.
    var hash: UInt64 = 0

    var isKept: Bool { phase == .delivered || phase == .undelivered }
  }

  struct Kept {
    var order = Deque<UInt64>()
    var count = 0
    var bytes = 0
  }

  private let limits: JournalLimits
  var tasks = NumberTable(vacant: Task())
  var batches = JournalBatches()
  /// Tasks whose results are kept, by the hash of their id.
  var results = IdentifierTable<Task>()
  var delivered = Kept()
  var undelivered = Kept()
  /// How many tasks have not ended.
  var openCount = 0
  /// The number of the next task.
  private(set) var nextNumber: UInt64 = 1
  /// When the latest of the tasks ended that are forgotten; a time of the caller's before the first.
  var horizon: Double

  /// - Parameter horizon: from when on the journal knows all tasks.
  init(limits: JournalLimits = .init(), horizon: Double) {
    self.limits = limits
    self.horizon = horizon
  }

  /// How many results are kept.
  var resultCount: Int { delivered.count + undelivered.count }

  /// How many batches there are.
  var batchCount: Int { batches.count }

  /// The bytes of all batches.
  var totalBytes: Int { batches.totalBytes }

  /// The bytes that are needed.
  var liveBytes: Int { batches.liveBytes }

  /// The id of the next batch.
  var nextBatch: BatchID { batches.nextID }

  /// How many tasks are known, those included whose end is needed because of an older batch.
  var taskCount: Int { tasks.count }

  /// Whether a batch is there.
  func contains(_ batch: BatchID) -> Bool { batches.contains(batch) }

  // MARK: - Events

  /// Notes a batch that follows all others.
  ///
  /// - Returns: whether all of it could be read.
  @discardableResult
  mutating func note(_ bytes: [UInt8], as id: BatchID, at time: Double) -> Bool {
    let batch = batches.begin(id, size: bytes.count)
    var entries = JournalEntries(bytes)
    while let entry = entries.next() {
      nextNumber = max(nextNumber, entry.number &+ 1)
      batches.note(entry.kind, entry.number, in: batch)
      apply(entry, Place(batch: id, size: entry.size), bytes, time)
    }
    batches.end(batch, id)
    return entries.isAtEnd
  }

  /// Forgets results beyond the limits.
  mutating func expire(at now: Double) {
    while let number = Self.popExcess(&delivered, .delivered, limits.delivered, tasks, now) { forget(number) }
    while let number = Self.popExcess(&undelivered, .undelivered, limits.undelivered, tasks, now) { forget(number) }
  }

  /// Takes the oldest result if it is beyond a limit.
  private static func popExcess(
    _ kept: inout Kept, _ phase: Phase, _ limit: JournalLimits.Bound, _ tasks: NumberTable<Task>, _ now: Double
  ) -> UInt64? {
    while let number = kept.order.first {
      guard let task = tasks[number], task.phase == phase else {
        kept.order.removeFirst()
        continue
      }
      return exceeds(kept, task.time, limit, now) ? kept.order.removeFirst() : nil
    }
    return nil
  }

  private static func exceeds(_ kept: Kept, _ time: Double, _ limit: JournalLimits.Bound, _ now: Double) -> Bool {
    kept.count > limit.count || kept.bytes > limit.bytes && kept.count > 1 || now - time > limit.age
  }

  /// The batches to be deleted. They are gone for the ledger.
  mutating func takeRemovable() -> [BatchID] {
    var removed: [BatchID] = []
    while let (id, entries) = batches.popRemovable() {
      for entry in entries { entryRemoved(entry.kind, entry.number, of: id) }
      removed.append(id)
    }
    return removed
  }

  /// Forgets tasks of which only a placement could be read; to be called when all batches have been read.
  mutating func dropOrphans() {
    var orphans: [(number: UInt64, placed: Place?)] = []
    tasks.visit { if $1.phase == .open, $1.accepted == nil { orphans.append(($0, $1.placed)) } }
    for orphan in orphans {
      batches.uncount(orphan.placed)
      tasks[orphan.number] = nil
    }
  }

  // MARK: - Rewriting

  /// Batches of which what is needed is to be written again, together up to a number of bytes.
  mutating func takeSparse(bytes limit: Int) -> [BatchID] { batches.takeSparse(bytes: limit, slack: limits.slack) }

  /// The entries of a batch that are needed, to be written again.
  func needed(of id: BatchID, in bytes: [UInt8]) -> JournalBuffer {
    var buffer = JournalBuffer()
    for entry in JournalEntries(bytes) {
      guard let task = tasks[entry.number] else { continue }
      switch entry.kind {
      case .accepted where task.phase == .open && task.accepted?.batch == id,
        .placed where task.phase == .open && task.placed?.batch == id,
        .undelivered where task.phase == .undelivered && task.mark?.batch == id:
        buffer.append(bytes[entry.range])
      case .finished where task.isKept && task.finished?.batch == id:
        buffer.append(bytes[entry.range])
        // It is about the entry before it.
        if task.phase == .undelivered { buffer.undelivered(entry.number) }
      case .finished where task.phase == .ended && task.finished?.batch == id,
        .ended where task.phase == .ended && task.finished?.batch == id:
        if task.accepted != nil { buffer.ended(entry.number) }
      default: break
      }
    }
    return buffer
  }

  // MARK: - Results

  /// The number of the task with this id whose result is kept, and the batch that holds it. Another id may have led there,
  /// so the entry has to be compared.
  func result(of id: String) -> (number: UInt64, batch: BatchID)? {
    let hash = IdentifierHash.hash(id.utf8.span)
    guard let slot = findResult(hash), let place = tasks[slot].finished else { return nil }
    return (tasks.number(of: slot), place.batch)
  }
}

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

  private enum Phase { case open, delivered, undelivered, ended }

  private typealias Place = JournalBatches.Place

  private struct Task {
    var phase = Phase.open
    var accepted: Place?
    var placed: Place?
    /// Where the end is.
    var finished: Place?
    /// Where it is noted that the reply was not delivered.
    var mark: Place?
    /// When the task ended.
    var time = 0.0
    /// The key of the id in the index of results.
    var key: UInt64 = 0

    var isKept: Bool { phase == .delivered || phase == .undelivered }
  }

  private struct Kept {
    var order = Deque<UInt64>()
    var count = 0
    var bytes = 0
  }

  private let limits: JournalLimits
  private var tasks = NumberTable(vacant: Task())
  private var batches = JournalBatches()
  private var results = NumberTable<UInt64>(vacant: 0)
  private var delivered = Kept()
  private var undelivered = Kept()
  /// How many tasks have not ended.
  private(set) var openCount = 0
  /// The number of the next task.
  private(set) var nextNumber: UInt64 = 1
  /// When the latest of the tasks ended that are forgotten; a time of the caller's before the first.
  private(set) var horizon: Double

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
    guard let number = results[IdentifierHash.hash(id.utf8.span)], let place = tasks[number]?.finished else {
      return nil
    }
    return (number, place.batch)
  }
}

// MARK: - Bookkeeping

extension JournalLedger {
  private mutating func apply(_ entry: JournalEntries.Entry, _ place: Place, _ bytes: [UInt8], _ time: Double) {
    let slot = tasks.find(entry.number)
    let known = slot.map { tasks[$0] }
    var task = known ?? Task()
    switch entry.kind {
    case .accepted:
      if known?.accepted == nil, task.phase == .open { openCount += 1 }
      if task.phase == .open {
        batches.uncount(task.accepted)
        batches.count(place)
      }
      task.accepted = place
    case .placed:
      guard task.phase == .open else { return }
      batches.uncount(task.placed)
      batches.count(place)
      task.placed = place
    case .finished:
      if task.phase == .open {
        close(&task)
        task.phase = .delivered
        task.time = time
        task.key = IdentifierHash.hash(JournaledResult.idBytes(entry, in: bytes).span)
        results[task.key] = entry.number
        delivered.order.append(entry.number)
        delivered.count += 1
        delivered.bytes += place.size
      } else {
        batches.uncount(task.finished)
      }
      batches.count(place)
      task.finished = place
    case .undelivered:
      guard task.isKept, let size = task.finished?.size else { return }
      if task.phase == .delivered {
        task.phase = .undelivered
        delivered.count -= 1
        delivered.bytes -= size
        undelivered.order.append(entry.number)
        undelivered.count += 1
        undelivered.bytes += size
      }
      batches.uncount(task.mark)
      batches.count(place)
      task.mark = place
    case .ended:
      guard !task.isKept else { return }
      if task.phase == .open { close(&task) } else { batches.uncount(task.finished) }
      task.phase = .ended
      task.time = time
      task.finished = place
      horizon = max(horizon, time)
      guard let accepted = task.accepted, accepted.batch != place.batch else {
        if let slot { tasks.remove(slot) }
        return
      }
      batches.count(place)
    }
    if let slot { tasks[slot] = task } else { tasks.insert(task, for: entry.number) }
  }

  /// A task that was open ends: what led there is not needed any more.
  private mutating func close(_ task: inout Task) {
    if task.accepted != nil { openCount -= 1 }
    batches.uncount(task.accepted)
    batches.uncount(task.placed)
  }

  /// Forgets the result of a task.
  private mutating func forget(_ number: UInt64) {
    guard var task = tasks[number], let place = task.finished else { return }
    if task.phase == .delivered {
      delivered.count -= 1
      delivered.bytes -= place.size
    } else {
      undelivered.count -= 1
      undelivered.bytes -= place.size
    }
    batches.uncount(task.mark)
    batches.uncount(place)
    if results[task.key] == number { results[task.key] = nil }
    horizon = max(horizon, task.time)
    task.phase = .ended
    task.mark = nil
    guard let accepted = task.accepted, accepted.batch != place.batch else {
      tasks[number] = nil
      return
    }
    // The rest of the entry is not needed.
    let tombstone = Place(batch: place.batch, size: JournalBuffer.headerSize)
    batches.count(tombstone)
    task.finished = tombstone
    tasks[number] = task
  }

  /// A batch was deleted that held an entry.
  private mutating func entryRemoved(_ kind: JournalEntryKind, _ number: UInt64, of id: BatchID) {
    guard var task = tasks[number] else { return }
    switch kind {
    case .accepted:
      guard task.accepted?.batch == id else { return }
      task.accepted = nil
      if task.phase == .ended {
        batches.uncount(task.finished)
        tasks[number] = nil
        return
      }
    case .placed: if task.placed?.batch == id { task.placed = nil }
    case .undelivered: if task.mark?.batch == id { task.mark = nil }
    case .finished, .ended: return
    }
    // Nothing is left of a task of which only a placement was known.
    tasks[number] = task.phase == .open && task.accepted == nil && task.placed == nil ? nil : task
  }

  /// What is wrong with the ledger; empty between events.
  func problems() -> [String] {
    var problems: [String] = []
    var live: [BatchID: (count: Int, bytes: Int)] = [:]
    func add(_ place: Place?) {
      guard let place else { return }
      live[place.batch, default: (0, 0)].count += 1
      live[place.batch, default: (0, 0)].bytes += place.size
    }
    var open = 0
    tasks.visit { _, task in
      switch task.phase {
      case .open:
        if task.accepted != nil { open += 1 }
        add(task.accepted)
        add(task.placed)
      case .delivered, .undelivered:
        add(task.finished)
        add(task.mark)
      case .ended:
        if task.accepted == nil { problems.append("an ended task is remembered in vain") }
        add(task.finished)
      }
    }
    if open != openCount { problems.append("\(open) tasks are open, not \(openCount)") }
    return problems + batches.problems(live: live)
  }
}

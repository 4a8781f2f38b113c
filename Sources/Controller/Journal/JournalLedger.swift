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

  typealias Place = JournalBatches.Place

  /// How many bytes there may be in addition to twice those that are needed.
  private let slack: Int
  private(set) var tasks = NumberTable(vacant: JournalTask())
  private(set) var batches = JournalBatches()
  private(set) var results: KeptResults
  /// How many tasks have not ended.
  private(set) var openCount = 0
  /// The number of the next task.
  private(set) var nextNumber: UInt64 = 1
  /// When the latest of the tasks ended that are forgotten; a time of the caller's before the first.
  private(set) var horizon: Double

  /// - Parameter horizon: from when on the journal knows all tasks.
  init(limits: JournalLimits = .init(), horizon: Double) {
    slack = limits.slack
    results = KeptResults(limits: limits)
    self.horizon = horizon
  }

  /// How many results are kept.
  var resultCount: Int { results.count }

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

  /// The task whose id has this hash, if its result is kept.
  mutating func keptTask(_ hash: UInt64) -> NumberTable<JournalTask>.Slot? { results.find(hash, tasks) }

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
    while let number = results.popExcess(tasks, at: now) { forget(number) }
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

  /// Batches of which what is needed is to be written again, together up to a number of bytes.
  mutating func takeSparse(bytes limit: Int) -> [BatchID] { batches.takeSparse(bytes: limit, slack: slack) }

  /// Forgets tasks of which only a placement could be read; to be called when all batches have been read.
  mutating func dropOrphans() {
    var orphans: [(number: UInt64, placed: Place?)] = []
    tasks.visit { if $1.phase == .open, $1.accepted == nil { orphans.append(($0, $1.placed)) } }
    for orphan in orphans {
      batches.uncount(orphan.placed)
      tasks[orphan.number] = nil
    }
  }

  // MARK: - What an event changes

  /// Notes an entry of the latest batch.
  private mutating func apply(_ entry: JournalEntries.Entry, _ place: Place, _ bytes: [UInt8], _ time: Double) {
    var slot = tasks.find(entry.number)
    let known = slot.map { tasks[$0] }
    var task = known ?? JournalTask()
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
        task.hash = IdentifierHash.hash(JournaledResult.idBytes(entry, in: bytes).span)
      } else {
        batches.uncount(task.finished)
      }
      batches.count(place)
      task.finished = place
    case .undelivered:
      guard task.isKept, let size = task.finished?.size else { return }
      if task.phase == .delivered {
        task.phase = .undelivered
        results.noteUndelivered(entry.number, size: size)
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
    if let slot { tasks[slot] = task } else { slot = tasks.insert(task, for: entry.number) }
    if let slot, task.isKept, known?.isKept != true { results.add(slot, size: place.size, tasks) }
  }

  /// A task that was open ends: what led there is not needed any more.
  private mutating func close(_ task: inout JournalTask) {
    if task.accepted != nil { openCount -= 1 }
    batches.uncount(task.accepted)
    batches.uncount(task.placed)
  }

  /// Forgets the result of a task.
  private mutating func forget(_ number: UInt64) {
    guard let slot = tasks.find(number), let place = tasks[slot].finished else { return }
    var task = tasks[slot]
    results.remove(slot, size: place.size, tasks)
    batches.uncount(task.mark)
    batches.uncount(place)
    horizon = max(horizon, task.time)
    task.phase = .ended
    task.mark = nil
    guard let accepted = task.accepted, accepted.batch != place.batch else { return tasks.remove(slot) }
    // The rest of the entry is not needed.
    let tombstone = Place(batch: place.batch, size: JournalBuffer.headerSize)
    batches.count(tombstone)
    task.finished = tombstone
    tasks[slot] = task
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
}

/// What a commit writes, and what is read of it again.
extension JournalLedger {
  /// Batches of at most this many bytes are joined.
  private static let joinedBytes = 1 << 20
  /// How much is written again in one transaction.
  private static let rewrittenBytes = 4 << 20

  /// Adds batches of entries, and forgets what is too old.
  ///
  /// - Parameter entries: reads a batch that was committed.
  /// - Returns: what has to be committed in one transaction.
  mutating func add(
    _ batches: [[UInt8]], at now: Double, reading entries: (BatchID) throws -> [UInt8]?
  ) rethrows -> JournalDatabase.Changes {
    let former = horizon
    // What is needed so far comes first: the new entries may change it.
    var all: [[UInt8]] = []
    for id in takeSparse(bytes: Self.rewrittenBytes) {
      guard let entries = try entries(id) else { continue }
      var needed = needed(of: id, in: entries)
      if !needed.isEmpty { all.append(needed.take()) }
    }
    var changes = JournalDatabase.Changes()
    for entries in Self.joined(all + batches) {
      let id = nextBatch
      note(entries, as: id, at: now)
      changes.added.append(JournalDatabase.Row(id: id, time: now, entries: entries))
    }
    expire(at: now)
    let removed = Set(takeRemovable())
    let added = Set(changes.added.map(\.id))
    changes.added.removeAll { removed.contains($0.id) }
    changes.removed = removed.subtracting(added).sorted()
    if horizon != former { changes.horizon = horizon }
    return changes
  }

  private static func joined(_ batches: [[UInt8]]) -> [[UInt8]] {
    var joined: [[UInt8]] = []
    for batch in batches {
      if let last = joined.indices.last, joined[last].count + batch.count <= joinedBytes {
        joined[last] += batch
      } else {
        joined.append(batch)
      }
    }
    return joined
  }

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

  /// The number of the task with this id whose result is kept, and the batch that holds it. Another id may have led there,
  /// so the entry has to be compared.
  mutating func result(of id: String) -> (number: UInt64, batch: BatchID)? {
    let hash = IdentifierHash.hash(id.utf8.span)
    guard let slot = keptTask(hash), let place = tasks[slot].finished else { return nil }
    return (tasks.number(of: slot), place.batch)
  }

  /// The results of tasks, of which those that are not kept are left out.
  ///
  /// - Parameter entries: reads a batch that was committed.
  mutating func results(of ids: [String], reading entries: (BatchID) -> [UInt8]?) -> [JournaledResult] {
    var batches: [BatchID: [UInt64: String]] = [:]
    for id in ids {
      if let place = result(of: id) { batches[place.batch, default: [:]][place.number] = id }
    }
    var found: [JournaledResult] = []
    for (batch, wanted) in batches {
      guard let bytes = entries(batch) else { continue }
      for entry in JournalEntries(bytes) where entry.kind == .finished {
        guard let id = wanted[entry.number], let result = JournaledResult(entry, in: bytes), result.id == id else {
          continue
        }
        found.append(result)
      }
    }
    return found
  }
}

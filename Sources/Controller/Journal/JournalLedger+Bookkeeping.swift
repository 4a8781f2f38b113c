/// What each entry of a batch changes.
extension JournalLedger {
  mutating func apply(_ entry: JournalEntries.Entry, _ place: Place, _ bytes: [UInt8], _ time: Double) {
    var slot = tasks.find(entry.number)
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
        task.hash = IdentifierHash.hash(JournaledResult.idBytes(entry, in: bytes).span)
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
    if let slot { tasks[slot] = task } else { slot = tasks.insert(task, for: entry.number) }
    if let slot, task.isKept, known?.isKept != true { addResult(of: slot, task.hash) }
  }

  /// Adds a task to the index of results, in place of another with the same id.
  private mutating func addResult(of slot: NumberTable<Task>.Slot, _ hash: UInt64) {
    if let other = findResult(hash) { removeResult(of: other) }
    results.insert(hash: UInt32(truncatingIfNeeded: hash), slot)
  }

  private mutating func removeResult(of slot: NumberTable<Task>.Slot) {
    results.remove(hash: UInt32(truncatingIfNeeded: tasks[slot].hash), slot)
  }

  /// The task whose id has this hash, if its result is kept.
  func findResult(_ hash: UInt64) -> NumberTable<Task>.Slot? {
    results.find(hash: UInt32(truncatingIfNeeded: hash)) { tasks[$0].hash == hash }
  }

  /// A task that was open ends: what led there is not needed any more.
  private mutating func close(_ task: inout Task) {
    if task.accepted != nil { openCount -= 1 }
    batches.uncount(task.accepted)
    batches.uncount(task.placed)
  }

  /// Forgets the result of a task.
  mutating func forget(_ number: UInt64) {
    guard let slot = tasks.find(number), let place = tasks[slot].finished else { return }
    var task = tasks[slot]
    if task.phase == .delivered {
      delivered.count -= 1
      delivered.bytes -= place.size
    } else {
      undelivered.count -= 1
      undelivered.bytes -= place.size
    }
    batches.uncount(task.mark)
    batches.uncount(place)
    removeResult(of: slot)
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
  mutating func entryRemoved(_ kind: JournalEntryKind, _ number: UInt64, of id: BatchID) {
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

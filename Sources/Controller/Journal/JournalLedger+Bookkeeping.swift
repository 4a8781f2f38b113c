/// What each entry of a batch changes.
extension JournalLedger {
  mutating func apply(_ entry: JournalEntries.Entry, _ place: Place, _ bytes: [UInt8], _ time: Double) {
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
  mutating func forget(_ number: UInt64) {
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

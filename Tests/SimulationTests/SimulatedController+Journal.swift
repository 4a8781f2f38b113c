import MartletWire

@testable import MartletController

/// The driver of the scheduler's side of the journal.
extension SimulatedController {
  /// What the scheduler sends.
  enum Outgoing {
    case task(HeldTask)
    /// An answer, and its task's number in the journal; 0 if it has none.
    case answer(Answer, task: Int, id: String, ReplySender, number: UInt64)
    case probe(EngineIdentity, number: Int)
    case retirement(EngineIdentity)
  }

  /// Sends something when the journal has everything that it follows from; at once without a journal.
  func emit(_ item: Outgoing) {
    if world.sabotage != .actsBeforeCommit, journaling?.hold(item) == true { return }
    send(item)
  }

  private func send(_ item: Outgoing) {
    switch item {
    case .task(let task): dispatch(task)
    case .answer(let answer, let task, let id, let sender, let number):
      report(.replied(taskID: id, sender, world.record(answer, of: id)))
      if !send(answer, of: task), number > 0 { journaling?.noteUndelivered(number) }
    case .probe(let engine, let number): probe(engine, number)
    case .retirement(let engine):
      after(Self.hop) {
        self.hub.engineRetired(engine.rawValue)
        self.actHub()
      }
    }
  }

  /// Answers a task.
  func end(_ task: Int, _ id: String, _ answer: Answer, _ sender: ReplySender) {
    var number: UInt64 = 0
    if journaling != nil, let reply = world.make({ try world.records.message(answer, of: id) }) {
      journaling?.noteReply(reply, id: id)
      number = reply.journalNumber
    }
    emit(.answer(answer, task: task, id: id, sender, number: number))
  }

  func note(_ task: Int, _ copy: Int, _ id: String, _ change: TaskChange) {
    if change == .accepted { messages[id] = world.make { try world.records.message(task, copy: copy) } }
    guard let message = messages[id] else { return world.fail("\(id) changes, but was never accepted") }
    journaling?.note(message, change)
    switch change {
    case .accepted: journal?.tasks[message.journalNumber] = (task, copy)
    case .ended: messages[id] = nil
    case .placed: break
    }
  }

  func postEntries() {
    if let batch = journaling?.takeBatch() {
      journal?.post(.init(entries: batch.entries, epoch: batch.epoch, replies: unconfirmed))
    } else {
      world.ledger.committed(unconfirmed)
    }
    unconfirmed = []
  }

  /// The journal has committed all entries up to a batch.
  func journalCommitted(_ epoch: UInt64) {
    journaling?.committed(epoch)
    while var items = journaling?.take() {
      while let item = items.popFirst() { send(item) }
    }
    actScheduler()
  }

  /// Takes back the tasks for an engine that wait for a commit.
  func takeUncommitted(for engine: EngineIdentity) -> [String] {
    var ids: [String] = []
    journaling?.removeAll { item in
      switch item {
      case .task(let task) where task.engine == engine:
        ids.append(world.ledger.tasks[task.task].id)
        return true
      case .probe(engine, _): return true
      case .task, .answer, .probe, .retirement: return false
      }
    }
    return ids
  }

  // MARK: - Going on

  private static let patience = Duration.seconds(30)

  /// Reads the journal, and takes over the tasks of an earlier controller.
  ///
  /// - Returns: the ids of the tasks that engines may have, by the engines' uuids.
  func openJournal() -> [String: Set<String>] {
    var recovery = JournalRecovery()
    var ledger = JournalLedger(limits: world.scenario.journalLimits, horizon: world.disk.horizon)
    for row in world.disk.batches {
      recovery.note(row.entries)
      ledger.note(row.entries, as: row.id, at: row.time)
    }
    recovery.finish()
    ledger.dropOrphans()
    ledger.expire(at: world.seconds)
    if recovery.damaged > 0 { world.fail("the journal is damaged") }
    let journal = SimulatedJournal(ledger, of: self)
    self.journal = journal
    journaling = Journaling()
    journaling?.beginNumbering(at: recovery.nextNumber)
    if !world.disk.batches.isEmpty { scheduler.beginRecovery(until: moment.instant + Self.patience) }
    for result in Array(recovery.results) { restore(result) }
    guard !recovery.tasks.isEmpty else { return [:] }
    var onEngines: [String: Set<String>] = [:]
    for task in recovery.tasks {
      guard let (number, copy) = task.frames.last.flatMap({ world.records.task(in: $0) }) else {
        world.fail("a task of the journal can't be read")
        continue
      }
      journal.tasks[task.number] = (number, copy)
      restore(task, number, copy)
      if let engine = task.placement?.engine { onEngines[engine, default: []].insert(Scenario.id(number)) }
    }
    scheduler.endRestoring()
    actScheduler()
    return onEngines
  }

  private func restore(_ result: JournaledResult) {
    guard let (task, copy) = world.records.task(in: result.request.content),
      let answer = world.records.answer(in: result.reply[5])
    else { return world.fail("the result of \(result.id) can't be read") }
    if world.sabotage != .forgetsReplays { _ = replays.insert(Self.fingerprint(task, copy)) }
    scheduler.restoreEnded(result.id, isSuccess: result.isSuccess)
    report(.requested(taskID: result.id, .task, engine: nil, size: 0, world.record(task: result.id)))
    report(.replied(taskID: result.id, ReplySender(), world.record(answer, of: result.id)))
  }

  private func restore(_ task: JournalRecovery.OpenTask, _ number: Int, _ copy: Int) {
    let id = Scenario.id(number)
    var placement = task.placement
    if world.sabotage == .forgetsPlacements { placement = nil }
    if world.sabotage != .forgetsReplays { _ = replays.insert(Self.fingerprint(number, copy)) }
    world.trace("\(id) is taken over, on \(placement?.engine ?? "no engine")")
    report(.requested(taskID: id, .task, engine: nil, size: 0, world.record(task: id)))
    messages[id] = world.make { try world.records.message(task.frames, number: task.number) }
    let restored = TaskSchedulerState<Parcel>.Restored(
      submission: world.scenario.submission(of: number, copy: copy), placement: placement)
    guard scheduler.restore(restored, patience: Self.patience, now: moment.instant) else {
      return world.fail("\(id) is in the journal twice")
    }
    if let engine = placement?.engine { report(.dispatched(taskID: id, engine: engine)) }
  }
}

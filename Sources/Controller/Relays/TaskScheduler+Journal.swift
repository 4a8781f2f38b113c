import DequeModule
import Logging
import MartletWire
import MartletZeroMQ

/// Sending only what follows from a committed journal, and going on with an earlier controller's.
extension TaskScheduler {
  /// What the scheduler sends.
  enum Outgoing {
    case task(HeldTask)
    case reply(HeldMessage, taskID: String)
    case probe(EngineIdentity, number: Int)
    /// To the hub: the engine has no tasks any more, and may leave.
    case retirement(EngineIdentity)
  }

  /// Sends something when the journal has everything that it follows from; at once without a journal.
  func emit(_ item: Outgoing) {
    if journaling?.hold(item) != true { send(item) }
  }

  private func send(_ item: Outgoing) {
    switch item {
    case .task(let task): dispatch(task)
    case .reply(let reply, let id):
      send(reply, id)
      if journaling != nil { replies.recycle(reply) }
    case .probe(let engine, let number): probe(engine, number: number)
    case .retirement(let engine): hub.engineRetired(engine.rawValue)
    }
  }

  /// Takes back the tasks for an engine that wait for a commit. Returns their ids.
  func takeUncommitted(for engine: EngineIdentity) -> [String] {
    var ids: [String] = []
    journaling?.removeAll { item in
      switch item {
      case .task(let task) where task.engine == engine:
        ids.append(task.id)
        return true
      case .probe(engine, _): return true
      case .task, .reply, .probe, .retirement: return false
      }
    }
    return ids
  }

  func postEntries() {
    if let batch = journaling?.takeBatch() { journal?.post(batch.entries, epoch: batch.epoch) }
  }

  /// Begins to listen to the journal.
  func startJournaling() async {
    await journal?.start { [weak self] result in
      self?.execute { $0.journalChanged(result) }
    }
  }

  private func journalChanged(_ result: Result<UInt64, any Error>) {
    switch result {
    case .success(let epoch):
      journaling?.committed(epoch)
      while var items = journaling?.take() { sendAll(&items) }
    case .failure:
      while var items = journaling?.take(all: true) { sendAll(&items) }
      journaling = nil
    }
    act()
  }

  private func sendAll(_ items: inout WorkQueue<Outgoing>) {
    while let item = items.popFirst() { send(item) }
  }

  /// Waits until everything is committed that was noted, and sent that follows from it.
  func finishJournaling() async {
    guard let journal, journaling != nil else { return }
    postEntries()
    await journal.flush()
    journaling = nil
    stopServing()
  }

  // MARK: - Going on

  /// Takes over the tasks of an earlier controller.
  ///
  /// - Parameter patience: how long its engines have to come back.
  /// - Returns: the ids of the tasks that engines may have, by the engines' uuids.
  func restore(_ recovery: JournalRecovery, patience: Duration) -> [String: Set<String>] {
    let now = Instant.now
    journaling?.beginNumbering(at: recovery.nextNumber)
    // New tasks may name engines that are not back yet, too.
    if recovery.isContinuation { state.beginRecovery(until: now + patience) }
    for task in recovery.ended {
      session.refuseReplay(of: task.signature.string)
      state.restoreEnded(task.id, isSuccess: task.isSuccess)
    }
    // The hub finds the others in the journal. It reads these later, so there must be room for them.
    for result in recovery.results { report(result) }
    guard !recovery.tasks.isEmpty else { return [:] }
    var onEngines: [String: Set<String>] = [:]
    var lost = 0
    for task in recovery.tasks {
      do throws(WireError) {
        let id = try restore(task, patience: patience, now: now)
        if let engine = task.placement?.engine { onEngines[engine, default: []].insert(id) }
      } catch {
        lost += 1
        journaling?.noteEnd(task.number)
        losses.log(
          .error, "a task of the journal can't be taken over", to: logger, metadata: [LogKey.reason: "\(error)"])
      }
    }
    state.endRestoring()
    logger.notice(
      "going on with the tasks of an earlier controller",
      metadata: [LogKey.count: "\(recovery.tasks.count - lost)"])
    act()
    return onEngines
  }

  private func restore(
    _ task: JournalRecovery.OpenTask, patience: Duration, now: Instant
  ) throws(WireError) -> String {
    var message = Multipart(minimumCapacity: task.frames.count)
    for frame in task.frames { message.append(frame) }
    let layout = try session.verify(message, identities: 1, allowsDroppedFrames: true)
    let header = try message.header(layout, includingOrigin: true)
    let metadata = try check(message, layout, header)
    let id = header.messageID
    hub.report(.requested(taskID: id, .task, engine: nil, size: 0, hub.record(message, layout)))
    let submission = submission(of: &message, layout, header, metadata, client: header.session)
    submission.payload.journalNumber = task.number
    guard state.restore(.init(submission: submission, placement: task.placement), patience: patience, now: now) else {
      throw WireError(.replayed, "task \(id) is there twice")
    }
    if let engine = task.placement?.engine { hub.report(.dispatched(taskID: id, engine: engine)) }
    return id
  }

  /// Reports a task that has ended as if it ended now, since the hub's records may lack it.
  private func report(_ result: JournaledResult) {
    var request = Multipart()
    request.append(MessageLayout.delimiterBytes)
    for frame in [Bytes(), result.header, Bytes("{}"), result.request.metadata, result.request.content] {
      request.append(frame)
    }
    var reply = Multipart()
    for frame in result.reply { reply.append(frame) }
    guard let requestLayout = try? MessageLayout(of: request), let layout = try? MessageLayout(of: reply),
      let metadata = try? ReplyMetadata(of: reply, layout)
    else { return }
    hub.report(.requested(taskID: result.id, .task, engine: nil, size: 0, hub.record(request, requestLayout)))
    hub.report(.replied(taskID: result.id, metadata.sender, hub.record(reply, layout)))
  }
}

import Logging
import MartletWire
import MartletZeroMQ

/// Performing the actions of the state.
extension TaskScheduler {
  /// Performs all actions, then tells the hub and arms the timer: once for a batch of messages.
  func act() {
    performActions()
    postEntries()
    noteMissingEngines()
    noteMissingResources()
    hub.announceReports()
    wake(at: earlier(Self.nextDeadline(&state), unoffered.nextLook)) {
      $0.state.advance(to: .now)
      $0.act()
    }
  }

  func performActions() {
    while let action = state.nextAction() { perform(action) }
  }

  private func perform(_ action: TaskSchedulerAction<HeldMessage>) {
    switch action {
    case .dispatch(let task, let id, let engine, let attempt):
      emit(.task(HeldTask(message: task, id: id, engine: engine, attempt: attempt)))
    case .changed(let task, _, let change): journaling?.note(task, change)
    case .deliver(let reply, let id, _, let failures):
      deliver(failures.map { telling($0, of: id, in: reply) } ?? reply, id)
    case .fail(let task, let id, let reason, let failures):
      noteLoss(reason, id)
      answer(task, id, SchedulerReply.failure(reason, after: failures, taskID: id))
    case .requeued(let id): hub.report(.returned(taskID: id))
    case .probe(let engine, let number): emit(.probe(engine, number: number))
    case .retired(let engine): emit(.retirement(engine))
    case .duplicate(_, let id): clients.refuse(WireError(.replayed, "task \(id) is in flight already"))
    case .unknownReply(let id, let engine):
      strayReplies.log(
        .info, "a reply for a task that is not on that engine", to: logger,
        metadata: [LogKey.messageID: "\(id)", LogKey.engineUUID: "\(engine)"])
    }
  }

  /// Sends a task to its engine, or holds it while the engine can't be reached: an engine may register before its
  /// connection to this socket is up.
  func dispatch(_ task: HeldTask) {
    // An engine gets its tasks in the order of their dispatch: what it can have begun is told from that.
    guard !held.contains(task.engine) else { return held.hold(task) }
    outgoing.append(Bytes(task.engine.rawValue))
    if task.attempt == 1 {
      task.message.append(to: &outgoing)
    } else {
      task.message.append(to: &outgoing, attempt: task.attempt, session)
    }
    if engines.send(&outgoing) == .sent {
      hub.report(.dispatched(taskID: task.id, engine: task.engine.rawValue))
    } else {
      outgoing.removeAll()
      held.hold(task)
      retrySoon(for: task.engine) { $0.retry() }
    }
  }

  /// Tries the held tasks and probes again. The state has taken back the tasks of engines that were unregistered
  /// meanwhile.
  func retry() {
    let (tasks, probes) = held.takeAll()
    for task in tasks where state.isPending(task.id, on: task.engine) { dispatch(task) }
    for (engine, number) in probes where state.load(of: engine) ?? 0 > 0 { probe(engine, number: number) }
    act()
  }

  /// Takes back the tasks that could not be sent to an engine. Returns their ids.
  func takeUnsent(of engine: EngineIdentity) -> [String] {
    let uncommitted = takeUncommitted(for: engine)
    return held.remove(engine) + uncommitted
  }

  /// Logs once that tasks wait for the first engine, or for one after the last has gone.
  private func noteMissingEngines() {
    if state.engineCount > 0 {
      hasNotedMissingEngines = false
    } else if !hasNotedMissingEngines, state.queuedCount + state.waitingCount > 0 {
      hasNotedMissingEngines = true
      logger.notice("tasks wait for an engine: none is registered")
    }
  }

  /// Takes the state in place: a class's property is copied before it is asked for a computed one.
  private static func nextDeadline(_ state: inout TaskSchedulerState<HeldMessage>) -> Instant? { state.nextDeadline }

  /// Logs that tasks wait for what no engine offers, once for each kind of demand.
  private func noteMissingResources() {
    let new = unoffered.look(isWaiting: state.hasDemanding && state.engineCount > 0, now: .now) {
      state.unofferedResources
    }
    for resources in new {
      missingResources.log(
        .notice, "tasks wait for an engine that offers what they require", to: logger,
        metadata: [LogKey.reason: "they require \(resources), which no engine offers"])
    }
  }

  private func noteLoss(_ reason: TaskFailureReason, _ id: String) {
    let text: Logger.Message
    switch reason {
    case .engineLost: text = "a task was lost with its engine"
    case .unanswered: text = "an engine refused a task, or the task or its reply were lost on the way"
    default: return
    }
    losses.log(.notice, text, to: logger, metadata: [LogKey.messageID: "\(id)", LogKey.reason: "\(reason)"])
  }

  /// A copy of a reply that tells of the attempts that have failed before, signed anew.
  private func telling(_ failures: [FailedAttempt], of id: String, in reply: HeldMessage) -> HeldMessage {
    let earlier = String(decoding: SchedulerReply.earlier(failures, taskID: id).bytes.array, as: UTF8.self)
    reply.append(to: &outgoing, adding: "\"\(SchedulerReply.earlierKey)\":\(earlier)", session)
    defer { outgoing.removeAll() }
    return SchedulerReply.held(&outgoing) ?? reply
  }

  /// Relays a reply: the identities are exchanged, so the client sees the engine's.
  private func deliver(_ reply: HeldMessage, _ id: String) {
    reply.frames.swapAt(0, 1)
    journaling?.noteReply(reply, id: id)
    emit(.reply(reply, taskID: id))
  }

  /// Sends a reply that has its identities, after reporting it.
  func send(_ reply: HeldMessage, _ id: String) {
    hub.report(.replied(taskID: id, reply.sender, hub.record(reply.frames, reply.layout)))
    let number = reply.journalNumber
    if !sendToClient(&reply.frames), number > 0 { journaling?.noteUndelivered(number) }
  }

  /// Answers a task in place of an engine.
  private func answer(_ task: HeldMessage, _ id: String, _ parts: SchedulerReply.Parts) {
    task.appendIdentities(to: &outgoing)
    SchedulerReply.append(parts, to: &outgoing, request: task, session: &session)
    guard let reply = SchedulerReply.held(&outgoing) else {
      hub.report(.answered(taskID: id))
      return outgoing.removeAll()
    }
    journaling?.noteReply(reply, id: id)
    emit(.reply(reply, taskID: id))
  }

  /// Sends a reply and empties it. A client that is gone needs none, but its queued tasks may have to be aborted.
  ///
  /// - Returns: whether there is such a client.
  private func sendToClient(_ message: inout Multipart) -> Bool {
    defer { message.removeAll() }
    guard clients.send(&message) == .unroutable else { return true }
    if let client = watch.undeliverable(message.shared(0)) { state.clientVanished(client) }
    return false
  }
}

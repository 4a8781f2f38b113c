import Logging
import MartletWire
import MartletZeroMQ

/// Performing the actions of the state.
extension TaskScheduler {
  /// Performs all actions, then tells the hub and arms the timer: once for a batch of messages.
  func act() {
    performActions()
    hub.announceReports()
    wake(at: state.nextDeadline) {
      $0.state.advance(to: .now)
      $0.act()
    }
  }

  func performActions() {
    while let action = state.nextAction() { perform(action) }
  }

  private func perform(_ action: TaskSchedulerAction<HeldMessage>) {
    switch action {
    case .dispatch(let task, let id, let engine): dispatch(HeldTask(message: task, id: id, engine: engine))
    case .deliver(let reply, let id, _): deliver(reply, id)
    case .fail(let task, let id, let reason): answer(task, id, SchedulerReply.failure(reason, taskID: id))
    case .duplicate(_, let id): clients.refuse(WireError(.replayed, "task \(id) is in flight already"))
    case .unknownReply(let id, let engine):
      strayReplies.log(
        .info, "a reply for a task that is not on that engine", to: logger,
        metadata: [LogKey.messageID: "\(id)", LogKey.engineUUID: "\(engine)"])
    }
  }

  /// Sends a task to its engine, or holds it while the engine can't be reached: an engine may register before its
  /// connection to this socket is up.
  private func dispatch(_ task: HeldTask) {
    outgoing.append(Bytes(task.engine.rawValue))
    task.message.append(to: &outgoing)
    if engines.send(&outgoing) == .sent {
      hub.report(.dispatched(taskID: task.id, engine: task.engine.rawValue))
    } else {
      outgoing.removeAll()
      held.append(task)
      retrySoon { $0.retry() }
    }
  }

  /// Tries the held tasks again. The state has taken back those of engines that were unregistered meanwhile.
  private func retry() {
    let waiting = held
    held = []
    for task in waiting where state.isPending(task.id, on: task.engine) { dispatch(task) }
    act()
  }

  /// Relays a reply: the identities are exchanged, so the client sees the engine's.
  private func deliver(_ reply: HeldMessage, _ id: String) {
    reply.frames.swapAt(0, 1)
    hub.report(.replied(taskID: id, reply.sender, hub.record(reply.frames, reply.layout)))
    sendToClient(&reply.frames)
  }

  /// Answers a task in place of an engine.
  private func answer(_ task: HeldMessage, _ id: String, _ parts: SchedulerReply.Parts) {
    task.appendIdentities(to: &outgoing)
    SchedulerReply.append(parts, to: &outgoing, request: task, session: &session)
    SchedulerReply.report(outgoing, taskID: id, to: hub)
    sendToClient(&outgoing)
  }

  /// Sends a reply and empties it. A client that is gone needs none, but its queued tasks may have to be aborted.
  private func sendToClient(_ message: inout Multipart) {
    defer { message.removeAll() }
    if clients.send(&message) == .unroutable, let client = watch.undeliverable(message.shared(0)) {
      state.clientVanished(client)
    }
  }
}

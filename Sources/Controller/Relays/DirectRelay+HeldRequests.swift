import MartletZeroMQ

/// Requests to engines that can't be reached: they are held for a while, then answered in place of the engine.
extension DirectRelay {
  func isRegistered(_ request: HeldRequest) -> Bool {
    registered.uuid(in: request.message.frames, at: 0) != nil
  }

  func retry() {
    let unanswered = held.retry(
      now: .now, isRegistered: { isRegistered($0) },
      send: { request in
        defer { outgoing.removeAll() }
        request.message.append(to: &outgoing)
        let result = engines.send(&outgoing)
        // The reply of an engine that was given up meanwhile would not be noted.
        if result == .sent, isRegistered(request) { noteSent(request) }
        return result
      })
    for request in unanswered { answerForEngine(request) }
    sendProbes()
    for engine in held.engines { retrySoon(for: engine) { $0.retry() } }
    finishBatch()
  }

  private func noteSent(_ held: HeldRequest) {
    let message = held.message
    open.sent(
      held.taskID, to: held.engine,
      openRequest(message.frames, message.layout, type: message.messageType, nil), now: .now)
  }

  /// Answers a request in place of its engine.
  func answerForEngine(_ request: HeldRequest) {
    let loss = EngineLoss(engine: request.engine, id: request.engineID, reason: "it is not connected")
    answer(request.message, SchedulerReply.engineLost(loss, taskID: request.taskID)) { reply in
      if kind == .mux { SchedulerReply.report(reply, taskID: request.taskID, to: hub) }
    }
  }
}

import MartletWire
import MartletZeroMQ

/// Requests that their engines never answer.
extension DirectRelay {
  func connectionsChanged() {
    // Replies that have arrived are not lost.
    readEngines()
    while let event = try? connections.next() {
      engines.ears?.note(event)
      if event.kind == .disconnected { open.connectionBroke(now: .now) }
    }
    finishBatch()
  }

  func lookAtEngines() {
    unsentProbes = open.look(now: .now)
    sendProbes()
    finishBatch()
  }

  /// Sends the probes that are due; those that can't be sent are tried again.
  func sendProbes() {
    unsentProbes.removeAll { probe in
      guard open.awaitsReplies(of: probe.engine) else { return true }
      probes.append(to: &outgoing, engine: probe.engine, number: probe.number, session: &session)
      defer { outgoing.removeAll() }
      guard engines.send(&outgoing) == .sent else { return false }
      open.probeSent(to: probe.engine)
      return true
    }
    for probe in unsentProbes { retrySoon(for: probe.engine) { $0.retry() } }
  }

  func takeProbeAnswer(_ message: borrowing Multipart, _ layout: MessageLayout) throws(WireError) {
    let outcome = try ReplyMetadata(of: message, layout).outcome
    guard outcome.answersProbe, let id = try message.parentID(layout), let number = probes.number(in: id),
      let uuid = registered.uuid(in: message, at: 1)
    else { return }
    let engine = EngineIdentity(uuid)
    for lost in open.probeAnswered(by: engine, number: number) {
      let parts = SchedulerReply.failure(.unanswered(engine, id: registered.id(of: uuid)), taskID: lost.id)
      outgoing.append(lost.payload.client)
      outgoing.append(Bytes(uuid))
      SchedulerReply.append(
        parts, to: &outgoing, requestType: lost.payload.type, header: lost.payload.header, session: &session)
      if kind == .mux { SchedulerReply.report(outgoing, taskID: lost.id, to: hub) }
      clients.send(&outgoing)
      outgoing.removeAll()
    }
  }
}

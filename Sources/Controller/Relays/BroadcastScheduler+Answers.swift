import MartletWire
import MartletZeroMQ

/// Answers that the scheduler makes for clients, from those of several engines or in place of engines.
extension BroadcastScheduler {
  /// Answers a broadcast that is refused, once: its targets are unknown.
  func refuse(_ message: inout Multipart, _ layout: MessageLayout, _ header: MessageHeader, _ error: WireError) {
    let request = HeldMessage(taking: &message, layout: layout, messageType: header.messageType)
    request.appendIdentities(to: &outgoing)
    SchedulerReply.append(
      SchedulerReply.refused(error, taskID: header.messageID), to: &outgoing, request: request, session: &session)
    sendToClient()
  }

  /// Answers a coalescing broadcast: one reply gives everything but the buffers, which are those of all replies.
  func merge(_ replies: [BroadcastMessage], into base: BroadcastMessage, _ targets: [BroadcastTarget]) {
    base.frames.append(1..<base.layout.delimiter, to: &outgoing)
    var metadata = base.metadata
    metadata["broadcast_targets"] = BroadcastMessage.json(targets)
    session.append(
      to: &outgoing, header: base.frames[base.layout.header].array, parent: base.frames[base.layout.parentHeader],
      metadata: JSONValue.object(metadata).bytes.array, content: base.frames[base.layout.content].array)
    for reply in replies { reply.frames.append(reply.bufferIndices, to: &outgoing) }
    sendToClient()
  }

  /// Answers in place of an engine.
  ///
  /// - Parameter targets: of a coalescing broadcast, which the answer ends for all of them.
  func answer(
    _ message: BroadcastMessage, _ id: String, _ parts: SchedulerReply.Parts, targets: [BroadcastTarget]?
  ) {
    message.frames.append(0..<message.layout.delimiter, to: &outgoing)
    var parts = parts
    if case .object(var metadata) = parts.metadata {
      metadata["is_broadcast"] = true
      metadata["is_coalescing"] = .bool(targets != nil)
      metadata["original_msg_id"] = .string(message.header.messageID)
      if let targets { metadata["broadcast_targets"] = BroadcastMessage.json(targets) }
      parts.metadata = .object(metadata)
    }
    session.append(
      to: &outgoing, type: MessageType.applyReply, parent: Bytes(message.header(id: id)),
      metadata: parts.metadata.bytes.array, content: parts.content.bytes.array)
    sendToClient()
  }
}

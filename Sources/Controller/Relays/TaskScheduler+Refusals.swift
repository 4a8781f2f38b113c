import MartletWire
import MartletZeroMQ

/// What the scheduler accepts as a task. It checks what the engine will check, with the same limits: an engine answers
/// what it refuses if it can, but ipyparallel's engines are silent.
extension TaskScheduler {
  /// Checks a verified task whose header could be read.
  ///
  /// - Throws: why it is refused.
  func check(
    _ message: borrowing Multipart, _ layout: MessageLayout, _ header: MessageHeader
  ) throws(WireError) -> TaskMetadata {
    guard header.messageType == MessageType.applyRequest || header.messageType == MessageType.executeRequest else {
      throw WireError(.unknown, "\(header.messageType) is not a task")
    }
    // The engine gets one frame more, the scheduler's identity.
    guard message.droppedFrames == 0, message.count < Multipart.frameLimit else {
      let count = message.count + message.droppedFrames
      throw WireError(.oversized, "\(count) frames, \(Multipart.frameLimit - 1) are the limit")
    }
    guard layout.delimiter + 1 < MessageLayout.identityLimit else {
      throw WireError(.malformedFrames, "\(layout.delimiter) identities in front of the delimiter")
    }
    for frame in layout.header...layout.content { try message.checkText(at: frame) }
    try message.checkObject(at: layout.parentHeader)
    if header.messageType == MessageType.executeRequest {
      try Self.checkCode(in: message.bytes(at: layout.content))
    } else {
      try message.checkObject(at: layout.content)
    }
    return try TaskMetadata(of: message, layout, &targetLists)
  }

  private static func checkCode(in content: Span<UInt8>) throws(WireError) {
    var hasCode = false
    try JSONFields.scan(content) { key, value throws(WireError) in
      if key == "code" {
        _ = try JSONText.string(content, at: value)
        hasCode = true
      }
    }
    guard hasCode else { throw WireError(.malformedJSON, "an execute_request needs 'code', a str") }
  }

  /// Answers a task that is refused. The hub is not told of it.
  func refuse(_ message: inout Multipart, _ layout: MessageLayout, _ header: MessageHeader, _ error: WireError) {
    let request = HeldMessage(taking: &message, layout: layout, messageType: header.messageType)
    request.appendIdentities(to: &outgoing)
    SchedulerReply.append(
      SchedulerReply.refused(error, taskID: header.messageID), to: &outgoing, request: request, session: &session)
    clients.send(&outgoing)
    outgoing.removeAll()
  }
}

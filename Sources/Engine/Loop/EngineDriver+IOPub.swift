import Logging
import Wire
import ZeroMQ

extension EngineDriver {
  /// The states of a `status` message.
  enum ExecutionState: Sendable {
    case busy, idle

    private static let busyContent = Array(#"{"execution_state":"busy"}"#.utf8)
    private static let idleContent = Array(#"{"execution_state":"idle"}"#.utf8)

    var content: [UInt8] { self == .busy ? Self.busyContent : Self.idleContent }
  }

  /// Publishes that a request has begun or is answered, unless its sender does not want to know.
  func publishStatus(_ state: ExecutionState, _ request: Request) {
    guard request.metadata.wantsStatus else { return }
    publish(MessageType.status, content: state.content, parent: request)
  }

  /// Publishes a piece of output.
  func publish(_ text: StreamText<Request>) {
    var content: [UInt8] = Array(#"{"name":"#.utf8)
    appendJSONString(text.name, to: &content)
    content.append(contentsOf: #","text":"#.utf8)
    appendJSONString(text.text, to: &content)
    content.append(0x7D)
    publish(MessageType.stream, topic: text.name, content: content, parent: text.owner)
  }

  /// Publishes a message about a request.
  ///
  /// - Parameter topic: what follows `engine.<id>.` in the topic frame; by default the type.
  func publish(_ type: String, topic: String? = nil, content: [UInt8], parent: Request) {
    guard let identity else { return }
    if type != MessageType.status { outputCount += 1 }
    outgoing.removeAll()
    outgoing.append(identity.topic(topic ?? type))
    session.append(
      to: &outgoing, type: type, parent: parent.message.headerBytes, metadata: identity.metadata, content: content)
    do {
      try sockets?.iopub.send(&outgoing)
    } catch {
      logger.error("publishing failed", metadata: .engine([.error: "\(error)", .messageType: "\(type)"]))
    }
  }
}

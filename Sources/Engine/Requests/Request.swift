import MartletWire
import MartletZeroMQ
import Synchronization

/// A verified request with the parts of its metadata that affect the reply.
final class Request: Sendable {
  /// The socket the request arrived on and is answered on.
  enum Channel: String, Sendable {
    case shell, control
  }

  let message: Message
  let metadata: RequestMetadata
  let channel: Channel
  let stage = RequestStage()
  /// What its function says about how far it has come.
  let progress = Mutex(ProgressPace())
  private let decodedHead = Mutex<CallHead?>(nil)

  init(message: Message, metadata: RequestMetadata, channel: Channel) {
    self.message = message
    self.metadata = metadata
    self.channel = channel
  }

  /// The message id.
  var id: String { message.header.messageID }

  /// The session of the client that sent it; empty if the header has none. Read anew each time, because few ask.
  var session: String {
    let header = message.headerBytes.withSpan { try? MessageHeader(scanning: $0, includingOrigin: true) }
    return header?.session ?? ""
  }

  /// The message type, for example `apply_request`.
  var type: String { message.header.messageType }

  /// Whether the task scheduler sent the request and can give it to another engine. The scheduler's identity comes first.
  /// What it asks for itself it wants to know of this engine.
  var isTask: Bool {
    channel == .shell && type != MessageType.kernelInfoRequest && message.identity == Self.taskScheduler
  }

  private static let taskScheduler = Bytes("task_out")

  /// The error of a request that was told to stop and obeys; `nil` if it was not.
  var stopped: RaisedError? { stage.stop.map { RaisedError($0, limit: metadata.executionTimeout) } }

  /// Whether the sender expects a reply. Messages to comms have none.
  var hasReply: Bool { type.hasSuffix("_request") }

  /// How clients name what was called in an error; `nil` for other requests.
  var method: String? {
    switch type {
    case MessageType.applyRequest: "apply"
    case MessageType.executeRequest: "execute"
    default: nil
    }
  }

  /// What an `apply_request` calls. It is decoded when it is asked for first, as Python decodes its calls itself.
  ///
  /// - Throws: `PickleError` if the buffers don't begin with a value.
  func head() throws(PickleError) -> CallHead {
    try decodedHead.withLock { (decoded) throws(PickleError) in
      if let decoded { return decoded }
      let head = try CallHead(message.buffers)
      decoded = head
      return head
    }
  }

  /// The type of the reply: `_request` replaced by `_reply`.
  var replyType: String {
    if type == MessageType.applyRequest { return MessageType.applyReply }
    return hasReply ? "\(type.dropLast("_request".count))_reply" : "\(type)_reply"
  }
}

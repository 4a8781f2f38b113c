import MartletWire
import MartletZeroMQ

/// A request that was accepted, and what its metadata say about the answer.
final class Request: Sendable {
  /// The socket it came by, on which it is answered.
  enum Channel: String, Sendable {
    case shell, control
  }

  let message: Message
  let metadata: RequestMetadata
  let channel: Channel

  init(message: Message, metadata: RequestMetadata, channel: Channel) {
    self.message = message
    self.metadata = metadata
    self.channel = channel
  }

  /// The type, for example `apply_request`.
  var type: String { message.header.messageType }

  /// Whether it is a task: the task scheduler, whose identity comes first, can give it to another engine.
  var isTask: Bool { channel == .shell && message.identities.first == Self.taskScheduler }

  private static let taskScheduler = Bytes("task_out")

  /// The type of the answer: `_request` replaced by `_reply`.
  var replyType: String {
    if type == MessageType.applyRequest { return MessageType.applyReply }
    return type.hasSuffix("_request") ? "\(type.dropLast("_request".count))_reply" : "\(type)_reply"
  }
}

/// The fields of a request's metadata that an engine hands back or obeys.
struct RequestMetadata: Sendable, Hashable {
  /// `is_broadcast`: the request went to several engines through the broadcast schedulers.
  var isBroadcast = false
  /// `is_coalescing`: the replies to a broadcast are merged on their way back.
  var isCoalescing = false
  /// `original_msg_id`: the client's id of a broadcast, whose copies have ids of their own.
  var originalMessageID = ""
  /// `label`, as JSON text.
  var label = RequestMetadata.noLabel
  /// `no_status`, Martlet's own: `true` asks for no `status` messages about this request. The reply's metadata tell in
  /// `outputs` how many other IOPub messages there are, so that a client knows when it has all output without the status
  /// pair of every task; engines that don't know the field send it.
  var wantsStatus = true

  /// Whether nothing has to be handed back.
  var isPlain: Bool { !isBroadcast && label == Self.noLabel && originalMessageID.isEmpty }

  private static let none = Bytes("{}")
  private static let noLabel = Array("null".utf8)

  /// The default fields.
  init() {}

  /// Reads a metadata frame.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  init(_ bytes: Bytes) throws(WireError) {
    if bytes == Self.none { return }
    try bytes.withSpan { (span) throws(WireError) in
      try JSONFields.scan(span) { (key: JSONKey, value: Range<Int>) throws(WireError) in
        switch key {
        case "is_broadcast": isBroadcast = JSONText.isTrue(span, at: value)
        case "is_coalescing": isCoalescing = JSONText.isTrue(span, at: value)
        case "original_msg_id": originalMessageID = try JSONText.optionalString(span, at: value) ?? ""
        case "label" where !JSONText.isNull(span, at: value):
          label = try JSONText.json(span, at: value).bytes.array
        case "no_status": wantsStatus = !JSONText.isTrue(span, at: value)
        default: break
        }
      }
    }
  }
}

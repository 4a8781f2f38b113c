import Wire
import ZeroMQ

/// A request that was accepted, and what its metadata say about the answer.
struct Request: Sendable {
  /// The socket it came by, on which it is answered.
  enum Channel: String, Sendable {
    case shell, control
  }

  let message: Message
  let metadata: RequestMetadata
  let channel: Channel

  /// The type, for example `apply_request`.
  var type: String { message.header.messageType }

  /// The type of the answer: `_request` replaced by `_reply`.
  var replyType: String { type.hasSuffix("_request") ? "\(type.dropLast("_request".count))_reply" : "\(type)_reply" }
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
  var label: [UInt8] = Array("null".utf8)
  /// `no_status`, Martlet's own: `true` asks for no `status` messages about this request. A client that does not wait
  /// for output spares both sides two of three IOPub messages with it; engines that don't know it send them.
  var wantsStatus = true

  private static let none = Bytes("{}")

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

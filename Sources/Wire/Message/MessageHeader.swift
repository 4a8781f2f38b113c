import MartletZeroMQ

/// The fields of a header that Martlet looks at. The frame itself is passed on as it came.
public struct MessageHeader: Sendable, Hashable {
  /// Unique id, by which replies refer to the message.
  public var messageID = ""
  /// The message type, for example `apply_request`.
  public var messageType = ""
  /// The session of the sender; empty unless its origin was asked for.
  public var session = ""
  /// When it was made; `nil` when the sender left it out or wrote no ISO 8601, and unless the origin was asked for.
  public var date: Timestamp?

  /// A header of known fields.
  public init(messageID: String = "", messageType: String = "", session: String = "", date: Timestamp? = nil) {
    self.messageID = messageID
    self.messageType = messageType
    self.session = session
    self.date = date
  }

  /// Reads a header frame.
  ///
  /// - Parameters:
  ///   - span: the JSON text of the frame.
  ///   - includingOrigin: whether anybody will ask for session and date; less to read otherwise.
  /// - Throws: ``WireError/Code/malformedJSON`` when it is no object or a field has another type than text.
  public init(scanning span: Span<UInt8>, includingOrigin: Bool = false) throws(WireError) {
    try JSONFields.scan(span) { (key: JSONKey, value: Range<Int>) throws(WireError) in
      switch key {
      case "msg_id": messageID = try JSONText.string(span, at: value)
      case "msg_type": messageType = try JSONText.string(span, at: value)
      case "session" where includingOrigin: session = try JSONText.string(span, at: value)
      case "date" where includingOrigin: date = try JSONText.optionalDate(span, at: value)
      default: break
      }
    }
  }

  /// Reads only the id out of a parent header; an empty object gives `nil`.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  public static func messageID(scanning span: Span<UInt8>) throws(WireError) -> String? {
    var found: String?
    try JSONFields.scan(span) { (key: JSONKey, value: Range<Int>) throws(WireError) in
      if key == "msg_id" { found = try JSONText.string(span, at: value) }
    }
    return found
  }
}

import MartletZeroMQ

/// The fields of a header that Martlet reads. The frame itself is passed on unchanged.
public struct MessageHeader: Sendable, Hashable {
  /// The unique id by which replies refer to the message.
  public var messageID = ""
  /// The message type, for example `apply_request`.
  public var messageType = ""
  /// The session of the sender; empty unless read with `includingOrigin`.
  public var session = ""
  /// When the message was made; `nil` when the sender left it out or did not write ISO 8601, and unless read with
  /// `includingOrigin`.
  public var date: Timestamp?

  /// A header with these fields.
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
  ///   - includingOrigin: whether to read session and date, too, which takes longer.
  /// - Throws: ``WireError/Code/malformedJSON`` when it is not an object or a field is not a string.
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

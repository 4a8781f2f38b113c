import ZeroMQ

/// A message taken off the wire: verified, its header read, everything else as it came.
public struct Message: Sendable {
  /// The routing identities in front of the delimiter, outermost first.
  public var identities: [Bytes]
  /// The fields of the header.
  public var header: MessageHeader
  /// The header frame; it becomes the parent header of replies.
  public var headerBytes: Bytes
  /// The parent header frame; `{}` where the message is no reply.
  public var parentHeaderBytes: Bytes
  /// The metadata frame.
  public var metadataBytes: Bytes
  /// The content frame.
  public var contentBytes: Bytes
  /// The buffers, sharing the received memory.
  public var buffers: [Bytes]

  /// The id of the message this one replies to, if any.
  ///
  /// - Throws: ``WireError/Code/malformedJSON`` when the parent header is no object.
  public func parentID() throws(WireError) -> String? {
    try parentHeaderBytes.withSpan { (span) throws(WireError) in try MessageHeader.messageID(scanning: span) }
  }

  /// The content as JSON.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  public func content() throws(WireError) -> JSONValue { try Self.object(contentBytes, "content") }

  /// The metadata as JSON.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  public func metadata() throws(WireError) -> JSONValue { try Self.object(metadataBytes, "metadata") }

  private static func object(_ bytes: Bytes, _ name: String) throws(WireError) -> JSONValue {
    do {
      let value = try JSONValue.parse(bytes)
      guard case .object = value else { throw WireError(.malformedJSON, "\(name) is no object") }
      return value
    } catch let error as WireError {
      throw error
    } catch {
      throw WireError(.malformedJSON, "\(name): \(error)")
    }
  }
}

extension Message {
  /// A message whose frames are kept as a whole.
  public init(_ frames: SharedMessage, layout: MessageLayout, header: MessageHeader) {
    self.header = header
    identities = (0..<layout.delimiter).map { frames[$0] }
    headerBytes = frames[layout.header]
    parentHeaderBytes = frames[layout.parentHeader]
    metadataBytes = frames[layout.metadata]
    contentBytes = frames[layout.content]
    buffers = (layout.firstBuffer..<max(frames.count, layout.firstBuffer)).map { frames[$0] }
  }
}

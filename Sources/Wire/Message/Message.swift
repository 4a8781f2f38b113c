import MartletZeroMQ

/// A received message: verified, with its header read and all frames as they came.
public struct Message: Sendable {
  private let frames: SharedFrames
  /// The positions of the parts among the frames.
  private let layout: MessageLayout
  /// The fields of the header.
  public var header: MessageHeader

  /// A message of frames that are already verified.
  public init(_ frames: SharedFrames, layout: MessageLayout, header: MessageHeader) {
    self.frames = frames
    self.layout = layout
    self.header = header
  }

  /// The routing identities in front of the delimiter, outermost first.
  public var identities: [Bytes] { (0..<layout.delimiter).map { frames[$0] } }
  /// The outermost routing identity, if there is one.
  package var identity: Bytes? { layout.delimiter > 0 ? frames[0] : nil }
  /// Appends the routing identities to an answer, at its beginning.
  public func appendIdentities(to answer: inout Multipart) {
    for index in 0..<layout.delimiter { answer.append(frames[index]) }
  }
  /// The signature in hexadecimal digits; empty for an unsigned message.
  var signatureText: String { frames.text(at: layout.signature) }
  /// The header frame, which becomes the parent header of replies.
  public var headerBytes: Bytes { frames[layout.header] }
  /// The parent header frame; `{}` unless the message is a reply.
  public var parentHeaderBytes: Bytes { frames[layout.parentHeader] }
  /// The metadata frame.
  public var metadataBytes: Bytes { frames[layout.metadata] }
  /// The content frame.
  public var contentBytes: Bytes { frames[layout.content] }
  /// The buffers, sharing the received memory.
  public var buffers: [Bytes] {
    (layout.firstBuffer..<max(frames.count, layout.firstBuffer)).map { frames[$0] }
  }

  /// The size of all frames in bytes.
  public var totalSize: Int { frames.totalSize }

  /// The id of the message this one replies to, if any.
  ///
  /// - Throws: ``WireError/Code/malformedJSON`` when the parent header is not an object.
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
      guard case .object = value else { throw WireError(.malformedJSON, "\(name) is not an object") }
      return value
    } catch let error as WireError {
      throw error
    } catch {
      throw WireError(.malformedJSON, "\(name): \(error)")
    }
  }
}

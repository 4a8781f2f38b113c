import MartletZeroMQ

/// One side of a conversation: makes signed messages with unique ids and verifies received ones.
///
/// Not copyable, because copies would repeat message ids.
public struct Session: ~Copyable, Sendable {
  /// The session's id, which every header contains.
  public let id: String
  /// `nil` if messages are unsigned, because the key is empty, as with CURVE.
  public let signer: MessageSigner?
  private var counter = 0
  private var replays = ReplayFilter()
  private let idPrefix: String
  /// The prefix as JSON text without the closing quotation mark.
  private let idText: [UInt8]
  private let headerTail: [UInt8]
  /// Memory for the header of the next message.
  private var headerText: [UInt8] = []

  /// A session.
  ///
  /// - Parameters:
  ///   - id: unique among the peers; by default random.
  ///   - key: the shared secret of the connection file; empty for unsigned messages.
  ///   - scheme: the connection file's `signature_scheme`.
  ///   - username: the name in every header.
  /// - Throws: ``WireError/Code/unknown`` for a scheme that isn't supported.
  public init(
    id: String = Session.randomID(), key: String, scheme: String = "hmac-sha256", username: String = "martlet"
  ) throws(WireError) {
    self.id = id
    signer = key.isEmpty ? nil : try MessageSigner(key: key, scheme: scheme)
    idPrefix = "\(id)_\(ProcessIdentity.pid)_"
    var text: [UInt8] = []
    JSONString.append(idPrefix, to: &text)
    idText = text.dropLast()
    var tail: [UInt8] = Array(",\"username\":".utf8)
    JSONString.append(username, to: &tail)
    tail.append(contentsOf: ",\"session\":".utf8)
    JSONString.append(id, to: &tail)
    tail.append(contentsOf: ",\"version\":\"5.4\",\"date\":\"".utf8)
    headerTail = tail
  }

  /// A random session or engine id in the form of a UUID.
  public static func randomID() -> String {
    let hex = Array("0123456789abcdef".utf8)
    var random = SystemRandomNumberGenerator()
    var text: [UInt8] = []
    for index in 0..<32 {
      if [8, 12, 16, 20].contains(index) { text.append(0x2D) }
      text.append(hex[Int(random.next() & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The id of the next message.
  public mutating func nextMessageID() -> String {
    defer { counter += 1 }
    return idPrefix + String(counter)
  }

  /// Appends a message to a multipart that may already contain identities.
  ///
  /// - Parameters:
  ///   - type: the message type.
  ///   - id: the message's id; by default the session's next one.
  ///   - parent: the header frame of the message this one answers.
  ///   - metadata: a JSON object as UTF-8; empty for `{}`.
  ///   - content: a JSON object as UTF-8; empty for `{}`.
  ///   - buffers: appended unchanged; large ones are not copied.
  public mutating func append(
    to message: inout Multipart, type: String, id: String? = nil, parent: Bytes? = nil, metadata: [UInt8] = [],
    content: [UInt8] = [], buffers: [Bytes] = []
  ) {
    var header: [UInt8] = []
    swap(&header, &headerText)
    header.removeAll(keepingCapacity: true)
    appendHeader(type: type, id: id, to: &header)
    append(to: &message, header: header, parent: parent, metadata: metadata, content: content, buffers: buffers)
    headerText = header
    if id == nil { counter += 1 }
  }

  /// Appends a message with a given header.
  public func append(
    to message: inout Multipart, header: [UInt8], parent: Bytes? = nil, metadata: [UInt8] = [],
    content: [UInt8] = [], buffers: [Bytes] = []
  ) {
    message.append(MessageLayout.delimiterText)
    let signature = message.count
    message.append("")
    message.append(header)
    if let parent { message.append(parent) } else { message.append("{}") }
    if metadata.isEmpty { message.append("{}") } else { message.append(metadata) }
    if content.isEmpty { message.append("{}") } else { message.append(content) }
    if let signer { signer.sign(&message, at: signature) }
    for buffer in buffers { message.append(buffer) }
  }

  /// A header frame.
  public func header(type: String, id: String) -> [UInt8] {
    var header: [UInt8] = []
    header.reserveCapacity(headerTail.count + id.utf8.count + type.utf8.count + 64)
    appendHeader(type: type, id: id, to: &header)
    return header
  }

  /// - Parameter id: `nil` for the session's next id, which is written without making a string of it.
  private func appendHeader(type: String, id: String?, to header: inout [UInt8]) {
    header.append(contentsOf: "{\"msg_id\":".utf8)
    if let id {
      JSONString.append(id, to: &header)
    } else {
      header.append(contentsOf: idText)
      header.append(contentsOf: String(counter).utf8)
      header.append(0x22)
    }
    header.append(contentsOf: ",\"msg_type\":".utf8)
    JSONString.append(type, to: &header)
    header.append(contentsOf: headerTail)
    Timestamp.now.append(to: &header)
    header.append(0x22)
    header.append(0x7D)
  }

  /// Signs a message again after one of its four frames was replaced.
  public func resign(_ message: inout Multipart, layout: MessageLayout) {
    if let signer { signer.sign(&message, at: layout.signature) }
  }

  /// Checks a message's signature, and that no message with this signature was seen before.
  ///
  /// - Parameters:
  ///   - detectReplays: `false` if another part of this process has detected replays already.
  ///   - allowsDroppedFrames: whether a message may have lost buffers beyond ``Multipart/frameLimit``: its signature can be
  ///     checked, and so it can be answered.
  /// - Throws: ``WireError/Code/malformedFrames``, ``WireError/Code/oversized``, ``WireError/Code/badSignature`` or
  ///   ``WireError/Code/replayed``.
  @discardableResult
  public mutating func verify(
    _ message: borrowing Multipart, detectReplays: Bool = true, allowsDroppedFrames: Bool = false
  ) throws(WireError) -> MessageLayout {
    let layout = try MessageLayout(of: message, allowsDroppedFrames: allowsDroppedFrames)
    guard let signer else { return layout }
    guard message.size(of: layout.signature) > 0 else { throw WireError(.badSignature, "unsigned message") }
    guard let fingerprint = signer.verify(message, layout: layout) else {
      throw WireError(.badSignature, "the signature doesn't match: is the key the same on both sides?")
    }
    if detectReplays, !replays.insert(fingerprint) {
      throw WireError(.replayed, "a message with this signature was seen before")
    }
    return layout
  }

  /// Lets an accepted message be received once more, because it was returned to its sender unprocessed.
  public mutating func readmit(_ message: Message) {
    if let fingerprint = MessageSigner.fingerprint(of: message.signatureText) { replays.readmit(fingerprint) }
  }

  /// Refuses a message with this signature from now on: an earlier receiver in this place has accepted it.
  public mutating func refuseReplay(of signature: String) {
    if let fingerprint = MessageSigner.fingerprint(of: signature) { _ = replays.insert(fingerprint) }
  }

  /// Verifies a message, reads its header and takes its frames.
  ///
  /// - Parameter multipart: left empty.
  /// - Throws: as ``verify(_:detectReplays:allowsDroppedFrames:)``, and ``WireError/Code/malformedJSON`` for its header.
  public mutating func take(_ multipart: inout Multipart) throws(WireError) -> Message {
    let layout = try verify(multipart)
    let header = try multipart.header(layout)
    guard !header.messageID.isEmpty, !header.messageType.isEmpty else {
      throw WireError(.malformedJSON, "the header lacks msg_id or msg_type")
    }
    return Message(SharedFrames(taking: &multipart), layout: layout, header: header)
  }
}

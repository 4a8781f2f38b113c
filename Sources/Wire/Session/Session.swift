import MartletZeroMQ

/// One side of the conversation: makes signed messages with unique ids and verifies those that come in.
///
/// A value that belongs to one thread; copies would repeat message ids.
public struct Session: ~Copyable, Sendable {
  /// The session's id, in every header it makes.
  public let id: String
  /// `nil` where messages travel unsigned: the key is empty, as with CURVE.
  public let signer: MessageSigner?
  private var counter = 0
  private var replays = ReplayFilter()
  private let idPrefix: String
  /// The prefix as JSON text without the closing quotation mark.
  private let idText: [UInt8]
  private let headerTail: [UInt8]
  /// Room for the header of the next message.
  private var headerText: [UInt8] = []

  /// A session.
  ///
  /// - Parameters:
  ///   - id: unique among the peers; by default random.
  ///   - key: the shared secret of the connection file; empty for unsigned messages.
  ///   - scheme: the connection file's `signature_scheme`.
  ///   - username: stands in every header.
  /// - Throws: ``WireError/Code/unknown`` for a scheme that isn't supported.
  public init(
    id: String = Session.randomID(), key: String, scheme: String = "hmac-sha256", username: String = "martlet"
  ) throws(WireError) {
    self.id = id
    signer = key.isEmpty ? nil : try MessageSigner(key: key, scheme: scheme)
    idPrefix = "\(id)_\(ProcessIdentity.pid)_"
    var text: [UInt8] = []
    appendJSONString(idPrefix, to: &text)
    idText = text.dropLast()
    var tail: [UInt8] = Array(",\"username\":".utf8)
    appendJSONString(username, to: &tail)
    tail.append(contentsOf: ",\"session\":".utf8)
    appendJSONString(id, to: &tail)
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

  /// Appends a message to a multipart that may hold identities already.
  ///
  /// - Parameters:
  ///   - type: the message type.
  ///   - id: the message's id; by default the session's next one.
  ///   - parent: the header frame of the message this one answers.
  ///   - metadata: a JSON object as UTF-8; empty for `{}`.
  ///   - content: a JSON object as UTF-8; empty for `{}`.
  ///   - buffers: appended as they are, without a copy where they are large.
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

  /// Appends a message whose header is already written.
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

  /// - Parameter id: the session's next one where it is `nil`; a text less to make.
  private func appendHeader(type: String, id: String?, to header: inout [UInt8]) {
    header.append(contentsOf: "{\"msg_id\":".utf8)
    if let id {
      appendJSONString(id, to: &header)
    } else {
      header.append(contentsOf: idText)
      header.append(contentsOf: String(counter).utf8)
      header.append(0x22)
    }
    header.append(contentsOf: ",\"msg_type\":".utf8)
    appendJSONString(type, to: &header)
    header.append(contentsOf: headerTail)
    Timestamp.now.append(to: &header)
    header.append(0x22)
    header.append(0x7D)
  }

  /// Signs a message again after one of its four frames was replaced.
  public func resign(_ message: inout Multipart, layout: MessageLayout) {
    if let signer { signer.sign(&message, at: layout.signature) }
  }

  /// Checks a message's signature and that it was not seen before.
  ///
  /// - Parameter detectReplays: off where another part of this process has checked it already.
  /// - Throws: ``WireError/Code/malformedFrames``, ``WireError/Code/oversized``, ``WireError/Code/badSignature`` or
  ///   ``WireError/Code/replayed``.
  @discardableResult
  public mutating func verify(
    _ message: borrowing Multipart, detectReplays: Bool = true
  ) throws(WireError) -> MessageLayout {
    let layout = try MessageLayout(of: message)
    guard let signer else { return layout }
    guard message.size(of: layout.signature) > 0 else { throw WireError(.badSignature, "unsigned message") }
    guard let fingerprint = signer.verify(message, layout: layout) else {
      throw WireError(.badSignature, "the signature does not fit, is the key the same on both sides?")
    }
    if detectReplays, !replays.insert(fingerprint) {
      throw WireError(.replayed, "a message with this signature was seen before")
    }
    return layout
  }

  /// Lets a message that was accepted come once more, because it went back to its sender unused.
  public mutating func readmit(_ message: Message) {
    if let fingerprint = MessageSigner.fingerprint(of: message.signatureText) { replays.readmit(fingerprint) }
  }

  /// Verifies a message, reads its header and takes its frames.
  ///
  /// - Parameter multipart: left empty.
  /// - Throws: as ``verify(_:detectReplays:)``, and ``WireError/Code/malformedJSON`` for its header.
  public mutating func take(_ multipart: inout Multipart) throws(WireError) -> Message {
    let layout = try verify(multipart)
    let header = try multipart.header(layout)
    guard !header.messageID.isEmpty, !header.messageType.isEmpty else {
      throw WireError(.malformedJSON, "the header lacks msg_id or msg_type")
    }
    return Message(SharedMessage(taking: &multipart), layout: layout, header: header)
  }
}

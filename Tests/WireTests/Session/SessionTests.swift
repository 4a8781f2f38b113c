import Testing

@testable import MartletWire
@testable import MartletZeroMQ

@Suite struct SessionTests {
  private func message(
    key: String = "secret", scheme: String = "hmac-sha256", identities: [String] = []
  ) throws -> Multipart {
    var session = try Session(id: "s-1", key: key, scheme: scheme)
    var message = Multipart(identities)
    session.append(
      to: &message, type: "apply_request", metadata: Array(#"{"a":1}"#.utf8), content: Array(#"{"b":[2]}"#.utf8),
      buffers: [Bytes("one"), Bytes(), Bytes([UInt8](repeating: 1, count: 5000))])
    return message
  }

  /// The rejection's error code; `nil` if the message is accepted.
  private func refusal(_ message: borrowing Multipart, key: String = "secret") throws -> WireError.Code? {
    var session = try Session(key: key)
    do throws(WireError) {
      try session.verify(message)
      return nil
    } catch {
      return error.code
    }
  }

  @Test(arguments: ["hmac-md5", "hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha3_256"])
  func roundTrip(scheme: String) throws {
    var multipart = try message(scheme: scheme, identities: ["engine", "client"])
    var receiver = try Session(key: "secret", scheme: scheme)
    let taken = try receiver.take(&multipart)
    #expect(multipart.count == 0)
    #expect(taken.identities == [Bytes("engine"), Bytes("client")])
    #expect(taken.header.messageType == "apply_request")
    #expect(taken.header.messageID == "s-1_\(ProcessIdentity.pid)_0")
    #expect(try taken.metadata() == ["a": 1])
    #expect(try taken.content() == ["b": [2]])
    #expect(try taken.parentID() == nil)
    #expect(taken.buffers.map(\.count) == [3, 0, 5000])
  }

  @Test func headersAreJSONWithADate() throws {
    var session = try Session(id: "quote\" \\ é", key: "", username: "user\n\"")
    let first = session.nextMessageID()
    let header = try JSONValue.parse(Bytes(session.header(type: "t\"", id: first)))
    #expect(header["msg_id"]?.stringValue == first && header["msg_type"] == "t\"")
    #expect(header["session"] == "quote\" \\ é" && header["username"] == "user\n\"")
    let date = try #require(header["date"]?.stringValue)
    #expect(Timestamp(date) != nil && date.hasSuffix("Z"))
    let second = session.nextMessageID()
    #expect(first != second)
  }

  @Test func repliesNameTheirParent() throws {
    var multipart = try message()
    var session = try Session(key: "secret")
    let request = try session.take(&multipart)
    session.append(to: &multipart, type: "apply_reply", id: "chosen", parent: request.headerBytes)
    var client = try Session(key: "secret")
    let reply = try client.take(&multipart)
    #expect(reply.header.messageID == "chosen")
    #expect(try reply.parentID() == request.header.messageID)
    #expect(try reply.metadata() == [:])
    #expect(try reply.content() == [:])
  }

  @Test(arguments: 1..<6) func everySignedFrameIsProtected(index: Int) throws {
    let whole = try message()
    let frames = whole.frames
    for position in 0..<frames[index].count {
      var bytes = frames[index].array
      bytes[position] ^= 1
      var changed = frames
      changed[index] = Bytes(bytes)
      #expect(try refusal(Multipart(changed)) == .badSignature)
    }
    for replacement in [Bytes(), frames[index][0..<(frames[index].count - 1)], Bytes(frames[index].array + [0])] {
      var changed = frames
      changed[index] = replacement
      #expect(try refusal(Multipart(changed)) == .badSignature)
    }
  }

  @Test func identitiesAndBuffersAreNotSigned() throws {
    var multipart = try message(identities: ["a"])
    multipart.prepend(Bytes("b"))
    multipart.append(Bytes("c"))
    #expect(try refusal(multipart) == nil)
  }

  @Test func otherKeysAndSchemesAreRefused() throws {
    #expect(try refusal(message()) == nil)
    #expect(try refusal(message(), key: "Secret") == .badSignature)
    #expect(try refusal(message(key: "")) == .badSignature)
    #expect(try refusal(message(scheme: "hmac-sha512")) == .badSignature)
  }

  @Test func withoutAKeyNothingIsSignedOrRemembered() throws {
    let multipart = try message(key: "")
    let signature = multipart.size(of: 1)
    #expect(signature == 0)
    var session = try Session(key: "")
    for _ in 0..<3 { try session.verify(multipart) }
    let signed = try message()
    try session.verify(signed)
  }

  @Test(arguments: ["hmac-md5", "hmac-sha256"]) func whatIsReadmittedMayComeOnceMore(scheme: String) throws {
    var receiver = try Session(key: "secret", scheme: scheme)
    let original = try message(scheme: scheme)
    func take() throws -> Message {
      var copy = Multipart()
      for index in 0..<original.count { copy.append(sharing: original, index) }
      return try receiver.take(&copy)
    }
    receiver.readmit(try take())
    _ = try take()
    let error = #expect(throws: WireError.self) { try take() }
    #expect(error?.code == .replayed)
  }

  @Test func replaysAreRefused() throws {
    let multipart = try message()
    var session = try Session(key: "secret")
    try session.verify(multipart)
    try session.verify(multipart, detectReplays: false)
    let error = #expect(throws: WireError.self) { try session.verify(multipart) }
    #expect(error?.code == .replayed)
  }

  @Test func resigningAfterAChange() throws {
    var multipart = try message(identities: ["a"])
    let layout = try MessageLayout(of: multipart)
    multipart.replace(layout.metadata, with: Bytes(#"{"changed":true}"#))
    #expect(try refusal(multipart) == .badSignature)
    try Session(key: "secret").resign(&multipart, layout: layout)
    #expect(try refusal(multipart) == nil)
  }

  @Test(arguments: [
    "", "{}", "[]", #"{"msg_id":"","msg_type":"t"}"#, #"{"msg_id":"i"}"#, #"{"msg_id":1,"msg_type":"t"}"#,
  ])
  func signedButUnusableHeaders(header: String) throws {
    var session = try Session(key: "secret")
    var multipart = Multipart()
    session.append(to: &multipart, header: Array(header.utf8))
    let error = #expect(throws: WireError.self) { try session.take(&multipart) }
    #expect(error?.code == .malformedJSON)
  }

  @Test func contentThatIsNotAnObject() throws {
    var session = try Session(key: "")
    var multipart = Multipart()
    session.append(to: &multipart, type: "t", metadata: Array("[]".utf8), content: Array("{".utf8))
    let message = try session.take(&multipart)
    #expect(throws: WireError.self) { try message.metadata() }
    #expect(throws: WireError.self) { try message.content() }
  }

  @Test func randomIDsDiffer() {
    let ids = Set((0..<100).map { _ in Session.randomID() })
    #expect(ids.count == 100 && ids.allSatisfy { $0.count == 36 })
  }
}

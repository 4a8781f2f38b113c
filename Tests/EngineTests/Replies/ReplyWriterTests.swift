import MartletZeroMQ
import Testing

@testable import MartletEngine
@testable import MartletWire

@Suite struct ReplyWriterTests {
  private let writer = ReplyWriter(number: EngineNumber(3), engineUUID: "u-3")

  private func request(metadata: String = "{}") throws -> Request {
    let bytes = Bytes(metadata)
    let header = MessageHeader(messageID: "m", messageType: MessageType.applyRequest)
    var frames = Multipart()
    for frame in ["<IDS|MSG>", "", "{}", "{}", metadata, "{}"] { frames.append(Bytes(frame)) }
    let layout = try MessageLayout(of: frames)
    let message = Message(SharedFrames(taking: &frames), layout: layout, header: header)
    return Request(message: message, metadata: try RequestMetadata(bytes), channel: .shell)
  }

  @Test func metadataOfASuccess() throws {
    let started = try #require(Timestamp("2026-01-02T03:04:05.678901Z"))
    let reply = writer.ok(try request(), started: started, buffers: [])
    #expect(
      try JSONValue.parse(Bytes(reply.metadata)) == [
        "started": "2026-01-02T03:04:05.678901Z", "dependencies_met": true, "engine": "u-3", "is_broadcast": false,
        "is_coalescing": false, "original_msg_id": "", "label": nil, "status": "ok",
      ])
    #expect(try JSONValue.parse(Bytes(reply.content)) == ["status": "ok"])
  }

  @Test func fieldsOfTheRequestAreHandedBack() throws {
    let asked = try request(
      metadata: #"{"is_broadcast": true, "is_coalescing":true, "original_msg_id": "o", "label": {"a": [1, "x"]}}"#)
    let metadata = try JSONValue.parse(Bytes(writer.aborted(asked).metadata))
    #expect(metadata["is_broadcast"] == true)
    #expect(metadata["is_coalescing"] == true)
    #expect(metadata["original_msg_id"] == "o")
    #expect(metadata["label"] == ["a": [1, "x"]])
    #expect(metadata["status"] == "aborted")
    #expect(asked.replyType == "apply_reply")
  }

  @Test func aReturnedTaskSaysSo() throws {
    let reply = writer.returned(try request())
    let metadata = try JSONValue.parse(Bytes(reply.metadata))
    #expect(metadata["status"] == "returned")
    #expect(metadata["attempt"] == 1)
    #expect(try JSONValue.parse(Bytes(reply.content)) == ["status": "returned"])
  }

  @Test func aFailureSaysWhichEngine() throws {
    let reply = writer.failed(try request(), started: .now, error: RaisedError("E", "v"), method: "apply")
    let content = try JSONValue.parse(Bytes(reply.content))
    #expect(content["status"] == "error")
    #expect(content["ename"] == "E")
    #expect(content["evalue"] == "v")
    #expect(content["engine_info"] == ["engine_uuid": "u-3", "engine_id": 3, "method": "apply"])
    let metadata = try JSONValue.parse(Bytes(reply.metadata))
    #expect(metadata["engine_info"] == ["engine_uuid": "u-3", "engine_id": 3])
    #expect(metadata["dependencies_met"] == true)
  }

  @Test func anUnmetDependencyIsMarked() throws {
    let reply = writer.failed(try request(), started: .now, error: RaisedError(UnmetDependency()), method: "apply")
    #expect(try JSONValue.parse(Bytes(reply.metadata))["dependencies_met"] == false)
  }

  @Test func malformedMetadataAreRefused() {
    for text in ["[]", "{\"a\"", "", "{\"original_msg_id\": 5}"] {
      #expect(throws: WireError.self) { try request(metadata: text) }
    }
  }
}

import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct BroadcastMessageTests {
  private func message(
    header: String = #"{"msg_id": "m", "msg_type": "apply_request", "session": "s", "extra": 1}"#, metadata: String
  ) throws -> BroadcastMessage {
    var message = Multipart()
    for frame in ["client", "<IDS|MSG>", "", header, "{}", metadata, "{}", "buffer"] { message.append(Bytes(frame)) }
    let layout = try MessageLayout(of: message)
    return try BroadcastMessage(request: &message, layout: layout)
  }

  @Test func copiesNameTheirOwnTargetOnly() throws {
    let broadcast = try message(
      metadata: #"{"is_coalescing": true, "label": "l", "targets": [["a", 0], ["b", 1]], "original_msg_id": "x"}"#)
    #expect(broadcast.targets.map(\.id) == [0, 1] && broadcast.isCoalescing)
    let header = try JSONValue.parse(Bytes(broadcast.header(id: "m_b")))
    #expect(header == ["msg_id": "m_b", "msg_type": "apply_request", "session": "s", "extra": 1])
    let metadata = try JSONValue.parse(Bytes(broadcast.metadata(originalID: "m", target: broadcast.targets[1])))
    #expect(
      metadata == ["is_coalescing": true, "label": "l", "targets": [["b", 1]], "original_msg_id": "m"])
    #expect(broadcast.bufferIndices == 7..<8)
  }

  @Test func nothingInCommon() throws {
    let broadcast = try message(header: #"{"msg_id": "m"}"#, metadata: "{}")
    #expect(broadcast.header(id: "\"") == Array(#"{"msg_id":"\""}"#.utf8))
    let target = BroadcastTarget(engine: EngineIdentity("a"), id: 3)
    #expect(
      broadcast.metadata(originalID: "m", target: target)
        == Array(#"{"targets":[["a",3]],"original_msg_id":"m"}"#.utf8))
  }

  @Test(arguments: ["", "[]", "{", #"{"targets": [["a"]]}"#, #"{"targets": [[1, "a"]]}"#, #"{"targets": ["a"]}"#])
  func malformedMetadata(text: String) {
    #expect(throws: WireError.self) { try message(metadata: text) }
  }
}

import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

@Suite struct WorkerEventTests {
  private func event(_ head: String, _ payload: [Bytes] = []) throws -> WorkerEvent {
    try WorkerEvent([Bytes(head)] + payload)
  }

  @Test func readsEveryType() throws {
    guard case .ready(let version) = try event(#"{"type":"ready","pid":1,"python":"3.11.2","executable":"/p"}"#) else {
      Issue.record("not ready")
      return
    }
    #expect(version == PythonVersion(version: "3.11.2", executable: "/p"))
    guard case .failed("no IPython") = try event(#"{"type":"failed","message":"no IPython"}"#) else {
      Issue.record("not failed")
      return
    }
    let publish = try event(
      #"{"type":"publish","msg_type":"data_message","topic":"datapub"}"#, [Bytes("{}"), Bytes("{}"), Bytes("x")])
    guard case .publish(let publication) = publish else {
      Issue.record("not a publication")
      return
    }
    #expect(publication.type == "data_message")
    #expect(publication.topic == "datapub")
    #expect(publication.buffers == [Bytes("x")])
    let answer = try event(
      #"{"type":"reply","status":"error","dependencies_met":false,"execution_count":4}"#,
      [Bytes(#"{"status":"error"}"#), Bytes("r")])
    guard case .reply(let reply) = answer else {
      Issue.record("not a reply")
      return
    }
    #expect(reply.status == .error)
    #expect(!reply.dependenciesMet)
    #expect(reply.executionCount == 4)
    #expect(reply.buffers == [Bytes("r")])
  }

  @Test func readsValues() throws {
    let frames = ResultBuffers.serialize(5)
    let message = try event(
      #"{"type":"values","values":[{"frames":1},{"undefined":true},{"ename":"E","evalue":"no"},{"frames":1}]}"#,
      frames + [Bytes("no pickle")])
    guard case .values(let values) = message else {
      Issue.record("no values")
      return
    }
    #expect(values.count == 4)
    #expect(values.prefix(3) == [.value(5), .undefined, .failed(RaisedError("E", "no"))])
    guard case .failed = values[3] else {
      Issue.record("decoded a value that is not a pickle")
      return
    }
  }

  @Test func nonsenseIsRefused() {
    let object = Bytes("{}")
    let messages: [[Bytes]] = [
      [], [Bytes()], [Bytes("[]")], [Bytes("{}")], [Bytes(#"{"type":5}"#)], [Bytes(#"{"type":"exec"}"#)],
      [Bytes(#"{"type":"publish","msg_type":"stream"}"#)], [Bytes(#"{"type":"publish"}"#), object, object],
      [Bytes(#"{"type":"publish","msg_type":"x"}"#), Bytes("[1]"), object],
      [Bytes(#"{"type":"publish","msg_type":"x"}"#), object, Bytes("{\"a\":")],
      [Bytes(#"{"type":"reply"}"#), object], [Bytes(#"{"type":"reply","status":"ok"}"#)],
      [Bytes(#"{"type":"reply","status":"returned"}"#), object],
      [Bytes(#"{"type":"reply","status":"ok"}"#), Bytes("nothing")],
      [Bytes(#"{"type":"values","values":[{"frames":-1}]}"#)],
      [Bytes(#"{"type":"values","values":[{"frames":9223372036854775807}]}"#), object],
      [Bytes(#"{"type":"values","values":[]}"#), object],
    ]
    for message in messages {
      #expect(throws: WorkerProtocolError.self) { try WorkerEvent(message) }
    }
  }
}

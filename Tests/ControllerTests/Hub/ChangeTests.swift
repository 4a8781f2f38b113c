import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// Requests with effects: purge, resubmit and shut down.
@Suite struct ChangeTests {
  private func hub() throws -> HubFixture {
    var hub = try HubFixture()
    try hub.register("e0", "e1")
    for (id, engine) in [("a", "e0"), ("b", "e0"), ("c", "e1"), ("d", "e1")] { try hub.request(id, to: engine) }
    for (id, engine) in [("a", "e0"), ("b", "e0"), ("c", "e1")] { try hub.answer(id, from: engine) }
    return hub
  }

  @Test(
    arguments: zip(
      [["msg_ids": "all"], ["msg_ids": ["a", "unknown"]], ["engine_ids": [1]], ["msg_ids": ["a"], "engine_ids": [1]]]
        as [JSONValue],
      [["d"], ["b", "c", "d"], ["a", "b", "d"], ["b", "d"]]))
  func purging(_ content: JSONValue, _ left: [String]) throws {
    var hub = try hub()
    let reply = try hub.ask("purge_request", content).reply
    #expect(reply?.type == "purge_reply")
    #expect(reply?.content == ["status": "ok"])
    #expect(try hub.store.history().sorted() == left)
  }

  @Test(arguments: [["msg_ids": ["d"]], ["engine_ids": [7]], ["engine_ids": ["e0"]]] as [JSONValue])
  func whatCannotBePurged(_ content: JSONValue) throws {
    var hub = try hub()
    let reply = try hub.ask("purge_request", content).reply
    #expect(reply?.type == "purge_reply")
    #expect(reply?.ename == "IndexError")
    #expect(try hub.store.count == 4)
  }

  @Test func aTaskIsResubmittedUnderANewID() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.request("a", buffers: [Bytes("buffer")])
    hub.dispatch("a", to: "e0")
    try hub.answer("a", from: "e0")
    let (reply, rest) = try hub.ask("resubmit_request", ["msg_ids": ["a", "a"]])
    let id = "new-1"
    #expect(reply?["resubmitted"] == ["a": .string(id)])
    #expect(rest.map(\.kind) == ["resubmit"])
    guard case .resubmit(let header, _, let buffers)? = rest.first else { return }
    #expect(try JSONValue.parse(Bytes(header))["msg_id"]?.stringValue == id)
    #expect(buffers == [Bytes("buffer")])
    #expect(try hub.store.record("a")?.resubmitted == id)
    #expect(hub.state.requests.isPending(id) && hub.state.requests.pendingCount == 1)

    try hub.request(id, buffers: [Bytes("buffer")])
    hub.dispatch(id, to: "e0")
    try hub.answer(id, from: "e0")
    #expect(try hub.ask("result_request", ["msg_ids": [.string(id)]]).reply?["completed"] == [.string(id)])
    #expect(hub.state.requests.pendingCount == 0)
  }

  @Test func resubmissionIsAllOrNothing() throws {
    var hub = try HubFixture()
    try hub.request("a")
    try hub.publish("stream", parent: "headless", content: ["text": "x"])
    for ids in [["a", "headless"], ["a", "unknown"]] as [JSONValue] {
      let (reply, rest) = try hub.ask("resubmit_request", ["msg_ids": ids])
      #expect(reply?.type == "resubmit_reply")
      #expect(reply?["status"] == "error")
      #expect(!rest.contains { $0.kind == "resubmit" })
    }
    #expect(hub.state.requests.isPending("a") && hub.state.requests.pendingCount == 1)
  }

  @Test func shutDownComesAMomentAfterItsReplyHoweverOftenItIsAsked() throws {
    var hub = try HubFixture()
    let (reply, rest) = try hub.ask("shutdown_request")
    #expect(reply?.type == "shutdown_reply")
    #expect(rest.map(\.kind) == ["shutdown_notification"])
    let deadline = try #require(hub.state.nextDeadline)
    hub.pass(.milliseconds(100))
    _ = try hub.ask("shutdown_request")
    #expect(hub.state.nextDeadline == deadline)
    hub.pass(.milliseconds(100))
    #expect(hub.drain().map(\.kind) == ["shut down"])
    hub.pass(.seconds(1))
    #expect(hub.drain().isEmpty)
  }
}

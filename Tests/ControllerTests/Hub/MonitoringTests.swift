import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// What the hub records of relayed messages, whatever the order of reports.
@Suite struct MonitoringTests {
  private func status(_ hub: inout HubFixture, _ engine: String) throws -> JSONValue? {
    try hub.ask("queue_request", ["verbose": true]).reply?[engine]
  }

  @Test func aDirectRequestIsQueuedAndAnswered() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.request("m", to: "e0", label: "name", buffers: [Bytes("buffer")])
    #expect(try status(&hub, "0") == ["queue": ["m"], "completed": [], "tasks": []])
    let record = try #require(try hub.store.record("m"))
    #expect(record.engineUUID == "e0" && record.queue == "mux" && record.label == "name")
    #expect(record.buffers == [Bytes("buffer")] && record.clientUUID == "client" && record.submitted != nil)
    try hub.answer("m", from: "e0", buffers: [Bytes("result")])
    #expect(try status(&hub, "0") == ["queue": [], "completed": ["m"], "tasks": []])
    let done = try #require(try hub.store.record("m"))
    #expect(done.resultBuffers == [Bytes("result")] && done.completed != nil && done.received != nil)
    #expect(hub.state.requests.pendingCount == 0)
  }

  @Test func aTaskIsUnassignedThenDispatchedThenAnswered() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.request("m")
    #expect(try hub.ask("queue_request", ["verbose": true]).reply?["unassigned"] == ["m"])
    hub.dispatch("m", to: "e0")
    #expect(try status(&hub, "0") == ["queue": [], "completed": [], "tasks": ["m"]])
    #expect(try hub.ask("queue_request").reply?["unassigned"] == 0)
    #expect(try hub.store.record("m")?.engineUUID == "e0")
    try hub.answer("m", from: "e0")
    #expect(try hub.ask("queue_request").reply?["0"] == ["queue": 0, "completed": 1, "tasks": 0])
  }

  @Test func aTaskTriedOnTwoEnginesIsWithTheSecond() throws {
    var hub = try HubFixture()
    try hub.register("e0", "e1")
    try hub.request("m")
    hub.dispatch("m", to: "e0")
    hub.dispatch("m", to: "e1")
    #expect(try hub.ask("load_request").reply?["0"] == 0)
    #expect(try hub.ask("load_request").reply?["1"] == 1)
    try hub.answer("m", from: "e1")
    #expect(try hub.ask("load_request").reply?["1"] == 0)
  }

  @Test func aTaskSubmittedTwiceIsNotUnassignedAgain() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.request("m")
    hub.dispatch("m", to: "e0")
    try hub.request("m")
    #expect(try hub.ask("queue_request").reply?["unassigned"] == 0)
    try hub.answer("m", from: "e0")
    #expect(hub.state.requests.pendingCount == 0)
    #expect(try hub.ask("load_request").reply?["0"] == 0)
  }

  @Test func anAnswerNeedNotNameItsEngine() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.request("direct", to: "e0")
    try hub.request("task")
    hub.dispatch("task", to: "e0")
    try hub.answer("direct", from: nil)
    try hub.answer("task", from: "stranger")
    #expect(try status(&hub, "0") == ["queue": [], "completed": [], "tasks": []])
  }

  @Test func anAbortedTaskIsNotCompletedOnItsEngine() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.request("m", to: "e0")
    try hub.answer("m", from: "e0", status: "aborted")
    #expect(try status(&hub, "0") == ["queue": [], "completed": [], "tasks": []])
  }

  @Test func whatNobodyAskedForIsNotRecorded() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.answer("unknown", from: "e0")
    hub.dispatch("unknown", to: "e0")
    #expect(hub.state.requests.pendingCount == 0)
    #expect(try hub.store.count == 0)
    #expect(try status(&hub, "0") == ["queue": [], "completed": [], "tasks": []])
  }

  @Test func outputMayComeBeforeItsTask() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.publish("stream", parent: "m", content: ["name": "stdout", "text": "one "])
    try hub.publish("stream", parent: "m", content: ["name": "stderr", "text": "two"])
    try hub.request("m", to: "e0")
    try hub.publish("stream", parent: "m", content: ["name": "stdout", "text": "three"])
    try hub.publish("execute_input", parent: "m", content: ["code": "x"])
    try hub.publish("execute_result", parent: "m", content: ["data": ["text/plain": "5"]])
    try hub.publish("error", parent: "m", content: ["ename": "E"])
    let record = try #require(try hub.store.record("m"))
    #expect(record.stdout == "one three" && record.stderr == "two" && record.executeInput == "x")
    #expect(record.executeResult != nil && record.error != nil)
    #expect(record.engineUUID == "e0" && record.header != nil && record.clientUUID == "client")
  }

  @Test(arguments: ["stream", "execute_input", "status", "display_data", "made_up"])
  func uselessOutputIsPassedOver(_ type: String) throws {
    var hub = try HubFixture()
    try hub.publish(type, parent: "m", content: ["text": 5, "code": []])
    try hub.publish(type, parent: nil, content: ["text": "x", "code": "x"])
    #expect(try hub.store.count == 0)
    #expect(hub.drain().isEmpty)
  }

  @Test func aDeadEnginesRequestsEndAfterTheTimeout() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.request("a", to: "e0")
    try hub.request("b", to: "e0")
    hub.state.monitor(.heartsStopped(["e0"]), at: hub.now)
    try hub.answer("b", from: "e0")
    #expect(hub.state.requests.isPending("a") && !hub.state.requests.isPending("b"))
    hub.pass(HubFixture.timeout)
    #expect(hub.state.requests.pendingCount == 0)
    let reply = try hub.ask("result_request", ["msg_ids": ["a", "b"]]).reply
    #expect(reply?["a"]?["result_content"]?["ename"] == "EngineError")
    #expect(reply?["b"]?["result_content"]?["status"] == "ok")
    #expect(reply?["completed"] == ["a", "b"])
    try hub.answer("a", from: "e0")
    #expect(try hub.ask("result_request", ["msg_ids": "a"]).reply?["a"]?["result_content"]?["status"] == "ok")
  }

  @Test func aDeadEnginesIDMayBeGivenAwayBeforeItsRequestsEnd() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.request("a", to: "e0")
    hub.state.monitor(.heartsStopped(["e0"]), at: hub.now)
    _ = try hub.ask("registration_request", ["uuid": "e1", "id": 0])
    hub.state.monitor(.heartsStarted(["e1"]), at: hub.now)
    try hub.request("b", to: "e1")
    hub.pass(HubFixture.timeout)
    #expect(hub.state.requests.isPending("b") && hub.state.requests.pendingCount == 1)
    #expect(try status(&hub, "0") == ["queue": ["b"], "completed": [], "tasks": []])
  }

  @Test func aTaskOfADeadEngineIsLeftToTheScheduler() throws {
    var hub = try HubFixture()
    try hub.register("e0", "e1")
    try hub.request("m")
    hub.dispatch("m", to: "e0")
    hub.state.monitor(.heartsStopped(["e0"]), at: hub.now)
    hub.dispatch("m", to: "e1")
    hub.pass(HubFixture.timeout)
    #expect(try status(&hub, "1") == ["queue": [], "completed": [], "tasks": ["m"]])
    try hub.answer("m", from: "e1")
    #expect(hub.state.requests.pendingCount == 0)
  }

  @Test func anEngineThatNeverWasIsNotWaitedForButItsAnswerIsRecorded() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.request("m", to: "stranger")
    #expect(hub.state.requests.pendingCount == 0)
    #expect(try hub.ask("result_request", ["msg_ids": "m"]).reply?["pending"] == ["m"])
    try hub.answer("m", from: "stranger", status: "error")
    let reply = try hub.ask("result_request", ["msg_ids": "m"]).reply
    #expect(reply?["completed"] == ["m"] && reply?["m"]?["result_content"]?["status"] == "ok")
    #expect(try hub.store.record("m")?.engineUUID == "stranger")
  }

  @Test func recordsDoNotKeepReceivedBlocksAlive() throws {
    let hub = try HubFixture()
    let large = Bytes([UInt8](repeating: 1, count: 10_000))
    let message = try hub.message("apply_request", id: "m", buffers: [Bytes("small"), large])
    let kept = RecordedMessage(message.frames, layout: message.layout).buffers
    #expect(kept == [Bytes("small"), large])
    let address = { (bytes: Bytes) in bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } }
    #expect(address(kept[0]) != address(message.frames.shared(message.layout.firstBuffer)))
    #expect(address(kept[1]) == address(message.frames.shared(message.layout.firstBuffer + 1)))
  }
}

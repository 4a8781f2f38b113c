import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// The task store's answers, passed as events, and its queue's limit, passed as a number.
@Suite struct StoreAnswerTests {
  private func hub() throws -> HubFixture {
    var hub = try HubFixture()
    try hub.register("e0")
    for id in ["a", "b"] {
      try hub.request(id, to: "e0", buffers: [Bytes("in-\(id)")])
      try hub.answer(id, from: "e0", buffers: [Bytes("out-\(id)")])
    }
    _ = hub.drain()
    hub.holdsQuestions = true
    return hub
  }

  /// The query that the hub sends to the store for a request.
  private func question(_ type: String, _ content: JSONValue, _ hub: inout HubFixture) throws -> (TaskStoreQuery, Int) {
    let (reply, rest) = try hub.ask(type, content)
    #expect(reply == nil)
    guard case .ask(let query, let id)? = rest.first, rest.count == 1 else {
      throw TaskStoreError(.notFound, "no question but \(rest.map(\.kind))")
    }
    return (query, id)
  }

  private static let requests: [(type: String, content: JSONValue, replyType: String)] = [
    ("result_request", ["msg_ids": ["a"]], "result_reply"), ("history_request", [:], "history_reply"),
    ("db_request", ["query": [:]], "db_reply"), ("purge_request", ["msg_ids": "all"], "purge_reply"),
    ("resubmit_request", ["msg_ids": ["a"]], "resubmit_reply"),
  ]

  @Test func othersAreAnsweredWhileTheStoreIsSilent() throws {
    var hub = try hub()
    for (type, content, _) in Self.requests { _ = try question(type, content, &hub) }
    #expect(hub.state.questions.count == Self.requests.count)
    #expect(try hub.ask("connection_request").reply?["engines"] == ["0": "e0"])
    #expect(try hub.ask("registration_request", ["uuid": "e1"]).reply?["id"] == 1)
    hub.state.monitor(.heartsStarted(["e1"]), at: hub.now)
    #expect(hub.drain().map(\.kind).contains("registered e1"))
    #expect(try hub.ask("queue_request", ["targets": 0]).reply?["0"] == ["queue": 0, "completed": 2, "tasks": 0])
    try hub.request("c", to: "e1")
    #expect(try hub.ask("result_request", ["msg_ids": ["c"]]).reply?["pending"] == ["c"])
    #expect(try hub.ask("result_request", ["msg_ids": ["a"], "status_only": true]).reply?["completed"] == ["a"])
  }

  @Test func answersReachWhoAskedInAnyOrder() throws {
    var hub = try hub()
    var asked: [(TaskStoreQuery, Int)] = []
    for (type, content, _) in Self.requests.dropLast() { asked.append(try question(type, content, &hub)) }
    for (index, (query, id)) in asked.enumerated().reversed() {
      hub.answer(id, Result { () throws(TaskStoreError) in try hub.store.answer(query) })
      let replies = hub.drain()
      #expect(replies.last?.kind == Self.requests[index].replyType)
      hub.answer(id, .success(TaskStoreAnswer()))
      #expect(hub.drain().isEmpty, "a question has one answer")
    }
    #expect(hub.state.questions.isEmpty)
  }

  @Test func failuresReachWhoAsked() throws {
    var hub = try hub()
    for (type, content, replyType) in Self.requests {
      let (_, id) = try question(type, content, &hub)
      hub.answer(id, .failure(TaskStoreError(.locked, "the database is locked")))
      let actions = hub.drain()
      #expect(actions.map(\.kind) == ["log", replyType])
      guard case .reply(_, _, _, let content, _)? = actions.last else { continue }
      #expect(content["ename"] == "OperationalError" && content["status"] == "error")
    }
  }

  @Test func onlySoManyRequestsWaitForTheStore() throws {
    var hub = try hub()
    for _ in 0..<HubState.questionLimit { _ = try question("history_request", [:], &hub) }
    let refused = try hub.ask("db_request", ["query": [:]]).reply
    #expect(refused?.type == "db_reply" && refused?.ename == "RuntimeError")
    hub.answer(1, .success(TaskStoreAnswer()))
    _ = hub.drain()
    _ = try question("history_request", [:], &hub)
  }

  /// Buffers are read only for requests that ask for them.
  @Test func onlyNeededFieldsAreRead() throws {
    var hub = try hub()
    let expected: [(type: String, content: JSONValue, buffers: Set<TaskRecordKey>, count: Int)] = [
      ("db_request", ["query": [:]], [], 21),
      ("db_request", ["query": [:], "keys": []], [], 21),
      ("db_request", ["query": [:], "keys": ["label"]], [], 2),
      ("db_request", ["query": [:], "keys": ["result_buffers", "msg_id"]], [.resultBuffers], 2),
      ("db_request", ["query": ["msg_id": "a"], "keys": ["buffers"]], [.buffers], 2),
      ("result_request", ["msg_ids": ["a"]], [.resultBuffers], 15),
      ("result_request", ["msg_ids": ["unknown"], "status_only": true], [], 3),
      ("resubmit_request", ["msg_ids": ["a"]], [.buffers], 4),
    ]
    for (type, content, buffers, count) in expected {
      let keys: [TaskRecordKey]
      switch try question(type, content, &hub).0 {
      case .records(_, let wanted), .results(_, let wanted): keys = wanted
      case .history, .drop:
        Issue.record("\(type) reads records")
        continue
      }
      #expect(Set(keys).intersection([.buffers, .resultBuffers]) == buffers, "\(type) \(content.bytes.string)")
      #expect(keys.count == count, "\(type) \(content.bytes.string)")
    }
    guard case (.history, _) = try question("history_request", [:], &hub),
      case (.drop, _) = try question("purge_request", ["msg_ids": "all"], &hub)
    else {
      Issue.record("history and purge read no records")
      return
    }
  }

  // MARK: - A full queue

  @Test func nothingIsRecordedThatTheQueueHasNoRoomFor() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    hub.state.storeRoom = 0
    try hub.request("m", to: "e0")
    #expect(hub.drain().map(\.kind) == ["log"])
    #expect(hub.state.requests.isPending("m") && hub.state.writes.isEmpty)
    hub.dispatch("m", to: "e0")
    hub.state.storeRoom = .max
    try hub.publish("stream", parent: "m", content: ["text": "x"])
    try hub.answer("m", from: "e0")
    #expect(try hub.store.count == 0, "half a record would be no use")
    #expect(hub.state.requests.isCompleted("m"))
    #expect(try hub.ask("result_request", ["msg_ids": "m", "status_only": true]).reply?["completed"] == ["m"])
    #expect(try hub.ask("result_request", ["msg_ids": "m"]).reply?.ename == "KeyError")
  }

  @Test func aTaskThatWasRecordedEndsInItsRecordEvenIfTheQueueIsFull() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.request("m", to: "e0")
    hub.state.storeRoom = 0
    try hub.answer("m", from: "e0", buffers: [Bytes([UInt8](repeating: 1, count: 100_000))])
    let record = try #require(try hub.store.record("m"))
    #expect(record.completed != nil && record.engineUUID == "e0" && record.resultBuffers == [])
    let reply = try hub.ask("result_request", ["msg_ids": "m"]).reply
    #expect(reply?["m"]?["result_content"]?["ename"] == "RuntimeError")
  }

  @Test func changesCountAgainstTheRoom() throws {
    var hub = try HubFixture()
    hub.state.storeRoom = 2 * TaskStoreWrite.overhead
    var recorded = 0
    while hub.state.storeHasRoom {
      try hub.request("m\(recorded)")
      recorded += 1
    }
    #expect(recorded == 2)
    try hub.request("last")
    #expect(try hub.store.count == 2)
    #expect(hub.drain().map(\.kind) == ["log"])
    for index in 0..<999 { try hub.request("more-\(index)") }
    #expect(hub.drain().isEmpty, "one line per thousand")
    try hub.request("one-more")
    #expect(hub.drain().map(\.kind) == ["log"])
  }

  @Test func registrationsAreAnsweredWhateverTheQueueHasRoomFor() throws {
    var hub = try HubFixture()
    hub.state.storeRoom = 0
    try hub.register("e0", "e1")
    #expect(try hub.ask("connection_request").reply?["engines"] == ["0": "e0", "1": "e1"])
  }
}

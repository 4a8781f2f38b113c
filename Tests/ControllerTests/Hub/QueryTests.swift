import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// Clients' queries about engines and results.
@Suite struct QueryTests {
  private func hub() throws -> HubFixture {
    var hub = try HubFixture()
    try hub.register("e0", "e1")
    try hub.request("a", to: "e0")
    try hub.request("b", to: "e1", buffers: [Bytes("in")])
    try hub.answer("b", from: "e1", buffers: [Bytes("out"), Bytes("more")])
    return hub
  }

  @Test(
    arguments: zip(
      [.null, 0, "e1", [0, "e1"], [1, 1]] as [JSONValue], [["0", "1"], ["0"], ["1"], ["0", "1"], ["1"]]))
  func queuesOfTargets(_ targets: JSONValue, _ expected: [String]) throws {
    var hub = try hub()
    for type in ["queue_request", "load_request"] {
      let reply = try hub.ask(type, ["targets": targets]).reply
      #expect(reply?["status"] == "ok")
      #expect(Set(reply?.content.objectValue?.keys ?? [:].keys).subtracting(["status", "unassigned"]) == Set(expected))
    }
  }

  @Test func whereATaskIs() throws {
    var hub = try hub()
    for (id, text, expected) in [
      ("t", "engine 1 runs it", "engine 1 runs it"), ("a", nil, "it is a direct request or a broadcast"),
    ] as [(String, String?, String)] {
      let actions = try hub.ask("why_request", ["msg_id": .string(id)]).rest
      guard case .explain(let asked, let asker)? = actions.first else {
        Issue.record("\(actions)")
        return
      }
      #expect(asked == id)
      hub.state.explained(id, text, to: asker)
      guard case .reply(_, let type, _, let content, _)? = hub.drain().first else {
        Issue.record("no reply")
        return
      }
      #expect(type == "why_reply" && content["why"]?.stringValue?.hasPrefix(expected) == true)
    }
  }

  @Test func whereAnUnknownTaskIs() throws {
    var hub = try hub()
    #expect(try hub.ask("why_request", [:]).reply?.ename == "ValueError")
    guard case .explain(_, let asker)? = try hub.ask("why_request", ["msg_id": "x"]).rest.first else {
      Issue.record("nobody is asked")
      return
    }
    hub.state.explained("x", nil, to: asker)
    #expect(
      hub.drain().contains {
        if case .reply(_, "hub_error", _, let content, _) = $0 { content["ename"] == "KeyError" } else { false }
      })
  }

  @Test func theSchedulerCountsWhatAnotherEngineCouldTake() throws {
    var hub = try hub()
    for odd in [["resources": 1], ["resources": ["gpu": "one"]], ["time_left": "1 h"]] as [JSONValue] {
      #expect(try hub.ask("backlog_request", odd).reply?.ename == "ValueError")
    }
    let actions = try hub.ask("backlog_request", ["resources": ["gpu": 1], "time_left": 60]).rest
    guard case .countBacklog(["gpu": 1], .seconds(60), let asker)? = actions.first else {
      Issue.record("\(actions)")
      return
    }
    hub.state.counted(TaskBacklog(queued: 3, unmet: 2), to: asker)
    guard case .reply(_, "backlog_reply", _, let content, _)? = hub.drain().first else {
      Issue.record("no reply")
      return
    }
    #expect(content == ["status": "ok", "queued": 3, "unmet": 2])
    guard case .countBacklog([:], nil, _)? = try hub.ask("backlog_request", [:]).rest.first else {
      Issue.record("nobody is asked")
      return
    }
  }

  @Test(arguments: [2, -1, "e2", [], [0, 5], [[]], ["x": 1], 0.5, true] as [JSONValue])
  func targetsThatAreNoEngines(_ targets: JSONValue) throws {
    var hub = try hub()
    for type in ["queue_request", "load_request"] {
      let reply = try hub.ask(type, ["targets": targets]).reply
      #expect(reply?.type == "hub_error")
      #expect(reply?.ename == "IndexError")
      #expect(reply?["traceback"]?.arrayValue?.count == 1)
    }
  }

  @Test func numbersOrIDs() throws {
    var hub = try hub()
    #expect(try hub.ask("queue_request", ["targets": 1]).reply?["1"] == ["queue": 0, "completed": 1, "tasks": 0])
    #expect(
      try hub.ask("queue_request", ["targets": 1, "verbose": true]).reply?["1"]
        == ["queue": [], "completed": ["b"], "tasks": []])
    #expect(try hub.ask("load_request", ["targets": [0]]).reply?.content == ["status": "ok", "0": 1])
  }

  @Test func resultsAndThoseStillPending() throws {
    var hub = try hub()
    let reply = try #require(try hub.ask("result_request", ["msg_ids": ["b", "a", "b"]]).reply)
    #expect(reply.type == "result_reply")
    #expect(reply["pending"] == ["a"])
    #expect(reply["completed"] == ["b"])
    #expect(reply["a"] == nil)
    #expect(reply["b"]?["header"]?["msg_id"] == "b")
    #expect(reply["b"]?["result_content"]?["status"] == "ok")
    #expect(reply["b"]?["io"]?["stdout"] == "")
    #expect(reply["b"]?["received"]?.stringValue != nil)
    #expect(reply.buffers == [Bytes("out"), Bytes("more")])
  }

  @Test func statusAlone() throws {
    var hub = try hub()
    let reply = try hub.ask("result_request", ["msg_ids": ["b", "a"], "status_only": true]).reply
    #expect(reply?.content == ["status": "ok", "pending": ["a"], "completed": ["b"]])
    #expect(reply?.buffers == [])
    let unknown = try hub.ask("result_request", ["msg_ids": ["zzz"], "status_only": true]).reply
    #expect(unknown?.type == "result_reply")
    #expect(unknown?.ename == "KeyError")
  }

  @Test func statusWithUnknownIds() throws {
    var hub = try hub()
    let reply = try hub.ask(
      "result_request", ["msg_ids": ["b", "zzz", "a"], "status_only": true, "allow_unknown": true]
    ).reply
    #expect(reply?.content == ["status": "ok", "pending": ["a"], "completed": ["b"], "unknown": ["zzz"]])
  }

  /// Nobody works on it: an earlier controller may have sent it to the engine whose output arrives now.
  @Test func aTaskOfWhichOnlyOutputIsKnownIsUnknown() throws {
    var hub = try hub()
    try hub.publish("stream", parent: "lost", content: ["name": "stdout", "text": "out"])
    #expect(try hub.ask("result_request", ["msg_ids": ["lost"]]).reply?.ename == "KeyError")
    #expect(
      try hub.ask("result_request", ["msg_ids": ["lost"], "allow_unknown": true]).reply?["unknown"] == ["lost"])
    try hub.request("lost", to: "e0")
    #expect(try hub.ask("result_request", ["msg_ids": ["lost"]]).reply?["pending"] == ["lost"])
  }

  @Test func theRunOfTheControllerHasAName() throws {
    var first = try hub()
    var second = try hub()
    let name = try first.ask("connection_request").reply?["instance"]
    #expect(name?.stringValue?.isEmpty == false)
    #expect(try first.ask("connection_request").reply?["instance"] == name)
    #expect(try second.ask("connection_request").reply?["instance"] != name)
  }

  @Test(arguments: ["{}", "{\"msg_ids\": 5}", "{\"msg_ids\": [5]}", "{\"msg_ids\": null}"])
  func idsThatAreNone(_ content: String) throws {
    var hub = try hub()
    for type in ["result_request", "resubmit_request"] {
      #expect(try hub.ask(type, raw: content).reply?.ename == "ValueError")
    }
  }

  @Test func withoutAStoreThereIsStatusAlone() throws {
    var hub = try HubFixture(store: NoTaskStore())
    try hub.register("e0")
    try hub.request("a", to: "e0")
    try hub.request("b", to: "e0")
    try hub.publish("stream", parent: "b", content: ["name": "stdout", "text": "x"])
    try hub.answer("b", from: "e0")
    #expect(hub.drain().isEmpty)
    let status = try hub.ask("result_request", ["msg_ids": ["a", "b"], "status_only": true]).reply
    #expect(status?.content == ["status": "ok", "pending": ["a"], "completed": ["b"]])
    for (type, replyType) in [
      ("result_request", "result_reply"), ("history_request", "history_reply"), ("db_request", "db_reply"),
      ("resubmit_request", "resubmit_reply"),
    ] {
      let reply = try hub.ask(type, ["msg_ids": ["b"]]).reply
      #expect(reply?.type == replyType)
      #expect(reply?["status"] == "error")
    }
    #expect(try hub.ask("purge_request", ["msg_ids": "all"]).reply?["status"] == "ok")
  }

  @Test func historyIsInOrderOfSubmission() throws {
    var hub = try hub()
    #expect(try hub.ask("history_request").reply?.content == ["status": "ok", "history": ["a", "b"]])
  }

  @Test func databaseQueries() throws {
    var hub = try hub()
    let all = try #require(try hub.ask("db_request").reply)
    #expect(all["records"]?.arrayValue?.count == 2)
    #expect(all["buffer_lens"] == .null && all["result_buffer_lens"] == .null)
    let some = try #require(
      try hub.ask(
        "db_request", ["query": ["msg_id": "b"], "keys": ["buffers", "result_buffers", "engine_uuid"]]
      ).reply)
    #expect(some["records"] == [["msg_id": "b", "engine_uuid": "e1"]])
    #expect(some["buffer_lens"] == [1] && some["result_buffer_lens"] == [2])
    #expect(some.buffers.map(\.string) == ["in", "out", "more"])
    for content in [["query": ["msg_id": ["$wrong": 1]]], ["query": 5], ["keys": ["wrong"]]] as [JSONValue] {
      let reply = try hub.ask("db_request", content).reply
      #expect(reply?.type == "db_reply")
      #expect(reply?["status"] == "error")
    }
  }

  @Test func unknownRequestsAreErrors() throws {
    var hub = try hub()
    for type in ["made_up_request", "registration_reply", ""] {
      #expect(try hub.ask(type).reply?.type == "hub_error")
    }
    #expect(try hub.ask("history_request", raw: "[1]").reply?.type == "history_reply")
  }
}

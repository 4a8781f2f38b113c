import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// Saving and restoring the engine table, including from hostile files.
@Suite(.timeLimit(.minutes(1))) struct EngineTableTests {
  /// Each of as many engines as are let in asks for an id, most of them for one that is wanted already.
  @Test func wishedIDsAreLookedUp() throws {
    var table = EngineTable()
    for number in 0..<EngineTable.incomingLimit {
      _ = try table.accept(uuid: "engine \(number)", requestedID: number / 2 + 1_000_000, deadline: .now)
    }
    let ids = Set(table.incoming.values.map(\.id))
    #expect(ids.count == EngineTable.incomingLimit)
    #expect(ids.contains(1_000_000))
    for number in stride(from: 0, to: EngineTable.incomingLimit, by: 2) {
      #expect(table.cancel(uuid: "engine \(number)") != nil)
    }
    // An id that was given back may be wished for again, one that is in use may not.
    #expect(try table.accept(uuid: "new", requestedID: 1_000_000, deadline: .now).id == 1_000_000)
    #expect(try table.accept(uuid: "newer", requestedID: 1_000_000, deadline: .now).id > 1_000_000)
    #expect(table.cancel(id: 1_000_000)?.uuid == "new")
    #expect(table.cancel(id: 1_000_000) == nil)
  }

  @Test func aTableIsRestoredAsItWasSaved() throws {
    var old = try HubFixture()
    try old.register("e0", "e1", "e2")
    _ = try old.ask("unregistration_request", ["id": 2])
    let saved = old.state.engines.json
    #expect(saved == ["engines": ["0": "e0", "1": "e1"], "next_id": 3])

    var hub = try HubFixture()
    hub.state.restore(saved, at: hub.now)
    #expect(
      hub.drain().map(\.kind) == [
        "watch e0", "registered e0", "log", "registration_notification",
        "watch e1", "registered e1", "log", "registration_notification",
      ])
    #expect(try hub.ask("registration_request", ["uuid": "e3"]).reply?["id"] == 3)
    #expect(try hub.ask("registration_request", ["uuid": "e1"]).reply?.ename == "KeyError")
    hub.state.monitor(.heartsStopped(["e0"]), at: hub.now)
    #expect(hub.drain().compactMap(\.notification) == ["unregistration_notification 0"])
  }

  @Test(
    arguments: [
      "[]", "null", "5", "{}", "{\"engines\": []}", "{\"engines\": {\"x\": \"u\"}}", "{\"engines\": {\"-1\": \"u\"}}",
      "{\"engines\": {\"0\": 5}}", "{\"engines\": {\"0\": \"\"}}", "{\"engines\": {\"9223372036854775807\": \"u\"}}",
      "{\"next_id\": 9223372036854775807}", "{\"next_id\": -9223372036854775808}", "{\"next_id\": 1e300}",
      "{\"engines\": {\"0\": \"\(String(repeating: "u", count: 256))\"}}",
    ])
  func whatIsNoEngineIsLeftOut(_ json: String) throws {
    var hub = try HubFixture()
    hub.state.restore(try JSONValue.parse(Bytes(json)), at: hub.now)
    #expect(hub.drain().isEmpty)
    #expect(try hub.ask("registration_request", ["uuid": "e"]).reply?["id"] == 0)
  }

  @Test func oneUUIDIsRestoredOnce() throws {
    var hub = try HubFixture()
    hub.state.restore(["engines": ["0": "e", "1": "e"]], at: hub.now)
    #expect(hub.state.engines.engines.count == 1)
  }

  @Test func whatAnEngineHasAnsweredIsListedUpToABound() {
    var work = EngineTable.Work()
    for index in 0...EngineTable.Work.completedLimit { work.complete("\(index)") }
    #expect(work.completedCount == EngineTable.Work.completedLimit + 1)
    #expect(work.completed.count == EngineTable.Work.completedLimit)
    #expect(work.completed.first == "1")
  }

  @Test func recentIDsAreBounded() {
    var recent = RecentIDs(limit: 3)
    for id in ["a", "b", "a", "c", "d"] { recent.insert(id) }
    #expect(["a", "b", "c", "d"].map { recent.contains($0) } == [false, true, true, true])
  }

  @Test func onlySoManyEnginesRegisterAtOnce() throws {
    var table = EngineTable()
    for index in 0..<EngineTable.incomingLimit {
      _ = try table.accept(uuid: "e\(index)", requestedID: nil, deadline: .now)
    }
    let error = #expect(throws: HubError.self) { try table.accept(uuid: "x", requestedID: nil, deadline: .now) }
    #expect(error?.ename == "RuntimeError")
    _ = table.cancel(uuid: "e0")
    _ = try table.accept(uuid: "x", requestedID: nil, deadline: .now)
  }
}

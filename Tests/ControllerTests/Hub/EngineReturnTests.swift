import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// Engines of an earlier controller, whose tasks are in the journal.
@Suite struct EngineReturnTests {
  private func hub() throws -> HubFixture {
    var hub = try HubFixture()
    hub.state.configuration.hasJournal = true
    hub.state.configuration.returnAfter = .milliseconds(10)
    return hub
  }

  private let table: JSONValue = ["engines": ["0": "swift", "4": "python"], "next_id": 5, "reregister": ["swift"]]

  @Test func engineTablesSayWhoRegistersAgain() throws {
    var hub = try hub()
    _ = try hub.ask("registration_request", ["uuid": "a", "reregisters": true])
    hub.state.monitor(.heartsStarted(["a"]), at: hub.now)
    try hub.register("b")
    #expect(hub.state.engines.json == ["engines": ["0": "a", "1": "b"], "next_id": 2, "reregister": ["a"]])
  }

  @Test func enginesGetNoTasksBeforeTheyRegisterAgain() throws {
    var hub = try hub()
    hub.state.restore(table, at: hub.now)
    #expect(
      hub.drain().map(\.kind) == [
        "watch swift", "restored swift", "log", "registration_notification",
        "watch python", "registered python", "log", "registration_notification",
      ])
    // Clients see both.
    #expect(try hub.ask("connection_request").reply?["engines"] == ["0": "swift", "4": "python"])
    hub.state.returns.expect(["swift": ["a", "b"]])
    let (reply, rest) = try hub.ask(
      "registration_request",
      ["uuid": "swift", "id": 0, "reregisters": true, "returns_tasks": true, "tasks": ["b": 2, "c": 1]])
    #expect(reply?["id"] == 0)
    #expect(reply?["journal"] == true)
    #expect(reply?["tasks"] == ["b"])
    #expect(rest.map(\.kind) == ["returned swift [\"b:2\", \"c:1\"]", "save"])
    // The second time it is an engine like any other.
    let again = try hub.ask("registration_request", ["uuid": "swift", "reregisters": true, "tasks": [:]])
    #expect(again.rest.isEmpty)
    #expect(again.reply?["id"] == 0)
    hub.pass(HubFixture.timeout)
    #expect(hub.drain().isEmpty)
  }

  @Test func anEngineThatStaysAwayIsUnregistered() throws {
    var hub = try hub()
    hub.state.restore(table, at: hub.now)
    _ = hub.drain()
    #expect(hub.state.nextDeadline == hub.now.instant + HubFixture.timeout)
    hub.pass(HubFixture.timeout)
    #expect(hub.drain().map(\.kind) == ["log", "unregistered swift", "save", "unregistration_notification"])
    #expect(hub.state.engines.engines.keys.sorted() == [4])
  }

  /// The table may not have been written before the controller was killed.
  @Test func anUnknownEngineTellsItsTasksToo() throws {
    var hub = try hub()
    hub.state.returns.expect(["new": ["a"]])
    let (reply, _) = try hub.ask(
      "registration_request", ["uuid": "new", "id": 7, "reregisters": true, "tasks": ["a": 1]])
    #expect(reply?["id"] == 7)
    #expect(reply?["tasks"] == ["a"])
    hub.state.monitor(.heartsStarted(["new"]), at: hub.now)
    #expect(
      hub.drain().map(\.kind) == [
        "watch new", "restored new", "returned new [\"a:1\"]", "log", "registration_notification", "save",
      ])
  }

  /// Before, the controller doesn't know what it has. A word that it may leave would overtake the answer to its registration,
  /// after which it is given tasks.
  @Test(arguments: [true, false])
  func anEngineThatRetiresBeforeItHasRegisteredAgainIsAnsweredAfterThat(isInTable: Bool) throws {
    var hub = try hub()
    if isInTable { hub.state.restore(table, at: hub.now) } else { hub.state.returns.expect(["swift": ["a"]]) }
    _ = hub.drain()
    let (early, actions) = try hub.ask("retirement_request", ["uuid": "swift"])
    #expect(early == nil && actions.isEmpty)
    let registration = try hub.ask("registration_request", ["uuid": "swift", "reregisters": true, "tasks": ["a": 1]])
    var kinds = registration.rest.map(\.kind)
    hub.state.monitor(.heartsStarted(["swift"]), at: hub.now)
    kinds += hub.drain().map(\.kind)
    #expect(kinds.last { $0.hasPrefix("returned") || $0.hasPrefix("retires") } == "retires swift")
    hub.state.engineRetired("swift")
    #expect(hub.drain().map(\.kind) == ["retirement_reply"])
  }

  @Test func clientsLearnThatThereIsAJournal() throws {
    var hub = try hub()
    #expect(try hub.ask("connection_request").reply?["journal"] == true)
    hub.state.journalCoverage = 12.5
    let request: JSONValue = ["msg_ids": ["x"], "status_only": true, "allow_unknown": true]
    let reply = try hub.ask("result_request", request).reply
    #expect(reply?["unknown"] == ["x"])
    #expect(reply?["journal_covers"] == 12.5)
    var plain = try HubFixture()
    #expect(try plain.ask("connection_request").reply?["journal"] == nil)
    #expect(try plain.ask("result_request", request).reply?["journal_covers"] == nil)
  }
}

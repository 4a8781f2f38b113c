import MartletWire
import Testing

@testable import MartletController

/// Engines that join and leave.
@Suite struct RegistrationTests {
  @Test func anEngineIsAcceptedThenRegisteredByItsHeart() throws {
    var hub = try HubFixture()
    let (reply, rest) = try hub.ask("registration_request", ["uuid": "e0"])
    #expect(reply?.type == "registration_reply")
    #expect(reply?.identity == "peer")
    #expect(
      reply?.content
        == [
          "status": "ok", "id": 0, "hb_period": 3000, "connection_info": ["mux": 1], "takes_back": true,
          "retires": true,
        ])
    #expect(rest.map(\.kind) == ["await e0"])
    #expect(hub.state.engines.engines.isEmpty)
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    #expect(
      hub.drain().map(\.kind) == ["watch e0", "registered e0", "log", "registration_notification", "save"])
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    #expect(hub.drain().isEmpty)
    #expect(try hub.ask("connection_request").reply?["engines"] == ["0": "e0"])
  }

  @Test(arguments: [(10, true), (nil, true), (10, false)] as [(Int?, Bool)])
  func anEngineThatReturnsTasksLearnsWhen(returnAfter: Int?, returnsTasks: Bool) throws {
    var hub = try HubFixture()
    hub.state.configuration.returnAfter = returnAfter.map(Duration.milliseconds)
    let (reply, _) = try hub.ask(
      "registration_request", returnsTasks ? ["uuid": "e0", "returns_tasks": true] : ["uuid": "e0"])
    let agreed = returnsTasks ? returnAfter : nil
    #expect(reply?["return_after"]?.intValue == agreed)
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    let told = hub.drain().compactMap { action -> Bool? in
      if case .engineRegistered("e0", _, let abilities) = action { abilities.returnsTasks } else { nil }
    }
    #expect(told == [agreed != nil])
  }

  @Test func anEngineThatRetiresIsAnsweredWhenItHasNoTasks() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    let (early, actions) = try hub.ask("retirement_request", ["uuid": "e0"])
    #expect(early == nil)
    #expect(actions.map(\.kind) == ["retires e0"])
    hub.state.engineRetired("e0")
    #expect(hub.drain().map(\.kind) == ["retirement_reply"])
    // It is told once.
    hub.state.engineRetired("e0")
    #expect(hub.drain().isEmpty)
    // It stays registered until it says that it is gone, or is.
    #expect(hub.state.engines.engines[0]?.uuid == "e0")
    _ = try hub.ask("retirement_request", ["uuid": "e0"])
    hub.state.monitor(.heartsStopped(["e0"]), at: hub.now)
    _ = hub.drain()
    hub.state.engineRetired("e0")
    #expect(hub.drain().isEmpty)
  }

  /// It will be given tasks as soon as its heart beats.
  @Test func anEngineThatIsAboutToBeRegisteredRetiresThen() throws {
    var hub = try HubFixture()
    _ = try hub.ask("registration_request", ["uuid": "e0"])
    let (early, actions) = try hub.ask("retirement_request", ["uuid": "e0"])
    #expect(early == nil && actions.isEmpty)
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    #expect(hub.drain().map(\.kind).contains("retires e0"))
    hub.state.engineRetired("e0")
    #expect(hub.drain().map(\.kind) == ["retirement_reply"])
    // One that is not registered after all.
    _ = try hub.ask("registration_request", ["uuid": "e1"])
    _ = try hub.ask("retirement_request", ["uuid": "e1"])
    #expect(try hub.ask("unregistration_request", ["uuid": "e1"]).reply?.content == ["status": "ok"])
  }

  @Test func anUnknownEngineMayRetireAtOnce() throws {
    var hub = try HubFixture()
    #expect(try hub.ask("retirement_request", ["uuid": "nobody"]).reply?.content == ["status": "ok"])
    #expect(try hub.ask("retirement_request", ["id": 0]).reply?.ename == "ValueError")
    #expect(try hub.ask("retirement_request", ["uuid": "e"], of: .client).reply?.ename == "PermissionError")
  }

  @Test func whatAnEngineOffersIsPassedOnAndKept() throws {
    var hub = try HubFixture()
    let (refused, _) = try hub.ask("registration_request", ["uuid": "odd", "resources": ["gpu": "two"]])
    #expect(refused?["ename"] == "ValueError")
    _ = try hub.ask("registration_request", ["uuid": "e0", "resources": ["gpu": 2]])
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    let told = hub.drain().compactMap { action -> Resources? in
      if case .engineRegistered("e0", _, let abilities) = action { abilities.resources } else { nil }
    }
    #expect(told == [["gpu": 2]])
    let table = hub.state.engines.json
    #expect(table["resources"] == ["e0": ["gpu": 2]])
    var restored = EngineTable()
    #expect(restored.restore(table).map(\.abilities.resources) == [["gpu": 2]])
    #expect(restored.json == table)
  }

  @Test func theTimeThatAnEngineHasLeftCountsFromItsRequest() throws {
    var hub = try HubFixture()
    for odd in [-1, "1 h", [60], true] as [JSONValue] {
      #expect(try hub.ask("registration_request", ["uuid": "odd", "time_left": odd]).reply?.ename == "ValueError")
    }
    _ = try hub.ask("registration_request", ["uuid": "e0", "time_left": 60])
    let end = hub.now.instant + .seconds(60)
    hub.pass(.seconds(3))
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    let told = hub.drain().compactMap { action -> Instant? in
      if case .engineRegistered("e0", _, let abilities) = action { abilities.end } else { nil }
    }
    #expect(told == [end])
  }

  /// The process that started an engine has seen its end. It knows the uuid, and how the process ended.
  @Test func theEndOfAnEnginesProcessIsPassedOn() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.register("e1")
    try hub.request("a", to: "e0")
    let end: JSONValue = ["uuid": "e0", "reason": "it was killed"]
    let (reply, actions) = try hub.ask("unregistration_request", end)
    #expect(reply == nil)
    #expect(
      actions.map(\.kind) == ["log", "unregistered e0: it was killed", "save", "unregistration_notification"])
    guard case .notify(_, _, let content)? = actions.last else { return #expect(Bool(false)) }
    #expect(content == ["id": 0, "uuid": "e0", "reason": "it was killed"])
    // Its own goodbye, its heart and another message about it change nothing.
    #expect(try hub.ask("unregistration_request", end).rest.isEmpty)
    #expect(try hub.ask("unregistration_request", ["id": 0]).rest.isEmpty)
    hub.state.monitor(.heartsStopped(["e0"]), at: hub.now)
    #expect(hub.drain().map(\.kind) == ["log"])
    #expect(hub.state.engines.engines.keys.sorted() == [1])
    // Who subscribes a moment later gets the same notification.
    hub.state.subscribed(at: hub.now)
    let again = hub.drain().compactMap { action -> JSONValue? in
      if case .notify(MessageType.unregistrationNotification, _, let content) = action { content } else { nil }
    }
    #expect(again == [content])
  }

  @Test func anEngineThatEndsBeforeItsHeartBeatsIsForgotten() throws {
    var hub = try HubFixture()
    _ = try hub.ask("registration_request", ["uuid": "e0"])
    #expect(try hub.ask("unregistration_request", ["uuid": "e0", "reason": "it was killed"]).rest.isEmpty)
    #expect(hub.state.engines.incoming.isEmpty)
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    #expect(hub.drain().map(\.kind) == ["stray e0"])
  }

  @Test func aReasonIsBounded() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    let reason = String(repeating: "x", count: 100_000)
    let (_, actions) = try hub.ask("unregistration_request", ["uuid": "e0", "reason": .string(reason)])
    guard case .notify(_, _, let content)? = actions.last else { return #expect(Bool(false)) }
    #expect(content["reason"]?.stringValue?.count == 500)
    let (reply, _) = try hub.ask("unregistration_request", ["reason": "nobody"])
    #expect(reply?.type == "hub_error")
  }

  @Test func whoSubscribesLearnsOfEnginesThatCameMeanwhile() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    hub.pass(.seconds(8))
    try hub.register("e1")
    hub.state.subscribed(at: hub.now)
    #expect(hub.drain().compactMap(\.notification) == ["registration_notification 0", "registration_notification 1"])
    hub.pass(.seconds(3))
    _ = hub.drain()
    hub.state.subscribed(at: hub.now)
    #expect(hub.drain().compactMap(\.notification) == ["registration_notification 1"])
  }

  @Test func whoSubscribesLearnsOfEnginesThatWentMeanwhile() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    try hub.register("e1")
    hub.pass(.seconds(11))
    hub.state.monitor(.heartsStopped(["e0", "e1"]), at: hub.now)
    // Another engine has its id by now.
    _ = try hub.ask("registration_request", ["uuid": "e2", "id": 1])
    hub.state.monitor(.heartsStarted(["e2"]), at: hub.now)
    hub.pass(.seconds(9))
    _ = hub.drain()
    hub.state.subscribed(at: hub.now)
    #expect(hub.drain().compactMap(\.notification) == ["unregistration_notification 0", "registration_notification 1"])
    hub.pass(.seconds(1))
    _ = hub.drain()
    hub.state.subscribed(at: hub.now)
    #expect(hub.drain().isEmpty)
  }

  /// The reply may have been lost, or the hub may have asked for it.
  @Test func anEngineThatRegistersAgainGetsTheSameReplyWithoutANotification() throws {
    var hub = try HubFixture()
    let request: JSONValue = ["uuid": "e0", "id": 7, "reregisters": true]
    let (first, _) = try hub.ask("registration_request", request)
    let (second, rest) = try hub.ask("registration_request", request)
    #expect(first?.content == second?.content && first?["id"] == 7)
    #expect(rest.isEmpty)
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    _ = hub.drain()
    let (third, others) = try hub.ask("registration_request", request)
    #expect(first?.content == third?.content)
    #expect(others.isEmpty)
    #expect(try hub.ask("connection_request").reply?["engines"] == ["7": "e0"])
  }

  @Test(arguments: [(true, "reregister_request e0"), (false, "shutdown_request e0")])
  func anEngineThatWasGivenUpIsTold(reregisters: Bool, order: String) throws {
    var hub = try HubFixture()
    let request: JSONValue = ["uuid": "e0", "id": 0, "reregisters": .bool(reregisters)]
    _ = try hub.ask("registration_request", request)
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    hub.state.monitor(.heartsStopped(["e0"]), at: hub.now)
    _ = hub.drain()
    hub.pass(.seconds(3))
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    #expect(hub.drain().map(\.kind) == ["stray e0", order, "log"])
    // It may register again under its uuid and id, and is told nothing any more.
    #expect(try hub.ask("registration_request", request).reply?["id"] == 0)
    hub.pass(.seconds(3))
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    #expect(
      hub.drain().map(\.kind) == ["watch e0", "registered e0", "log", "registration_notification", "save"])
  }

  /// Beats are not signed.
  @Test func beatsInItsNameDoNoHarmToARegisteredEngine() throws {
    var hub = try HubFixture()
    _ = try hub.ask("registration_request", ["uuid": "e1"])
    try hub.register("e0")
    for _ in 0..<20 {
      hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
      hub.pass(.seconds(1))
    }
    #expect(hub.drain().isEmpty)
    #expect(hub.state.strayHearts.count == 0)
  }

  @Test func aBeatWithoutANameIsIgnored() throws {
    var hub = try HubFixture()
    for _ in 0..<3 {
      hub.state.monitor(.heartsStarted(["", String(repeating: "x", count: 256)]), at: hub.now)
      hub.pass(.seconds(2))
    }
    #expect(hub.drain().isEmpty)
  }

  @Test func aUUIDIsGivenOnce() throws {
    var hub = try HubFixture()
    _ = try hub.ask("registration_request", ["uuid": "e0"])
    #expect(try hub.ask("registration_request", ["uuid": "e0"]).reply?.ename == "KeyError")
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    _ = hub.drain()
    let reply = try hub.ask("registration_request", ["uuid": "e0"]).reply
    #expect(reply?.type == "registration_reply")
    #expect(reply?.ename == "KeyError")
  }

  @Test(
    arguments: [
      "{}", "{\"uuid\": 5}", "{\"uuid\": \"\"}", "[]", "nonsense",
      "{\"uuid\": \"\(String(repeating: "u", count: 256))\"}",
    ])
  func aUselessRequestIsAnError(_ content: String) throws {
    var hub = try HubFixture()
    let reply = try hub.ask("registration_request", raw: content).reply
    #expect(reply?.type == "hub_error")
    #expect(reply?.ename == "ValueError")
    #expect(hub.state.engines.incoming.isEmpty)
  }

  @Test func aRequestedIDIsGivenIfItIsFree() throws {
    var hub = try HubFixture()
    func register(_ uuid: String, _ id: JSONValue, _ hub: inout HubFixture) throws -> Int? {
      try hub.ask("registration_request", ["uuid": .string(uuid), "id": id]).reply?["id"]?.intValue
    }
    #expect(try register("a", 7, &hub) == 7)
    #expect(try register("b", 7, &hub) == 8)
    hub.state.monitor(.heartsStarted(["a"]), at: hub.now)
    #expect(try register("c", 7, &hub) == 9)
    #expect(try register("d", 3, &hub) == 3)
    #expect(try register("e", -1, &hub) == 10)
    #expect(try register("f", .int(.max), &hub) == 11)
    #expect(try register("g", .int(.min), &hub) == 12)
    #expect(try register("h", "5", &hub) == 13)
    #expect(try register("i", .int(Int(Int32.max) - 1), &hub) == Int(Int32.max) - 1)
    #expect(try register("j", nil, &hub) == Int(Int32.max))
  }

  @Test func aRegistrationWithoutAHeartIsGivenUp() throws {
    var hub = try HubFixture()
    _ = try hub.ask("registration_request", ["uuid": "e0"])
    #expect(hub.state.nextDeadline == hub.now.instant + HubFixture.timeout)
    hub.pass(HubFixture.timeout)
    #expect(hub.drain().map(\.kind) == ["log"])
    #expect(hub.state.nextDeadline == nil)
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    #expect(hub.drain().map(\.kind) == ["stray e0"])
    #expect(try hub.ask("registration_request", ["uuid": "e0"]).reply?["id"] == 1)
  }

  @Test func anEarlierRegistrationsDeadlineDoesNotEndALaterOne() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    _ = try hub.ask("unregistration_request", ["id": 0])
    hub.pass(.seconds(20))
    _ = try hub.ask("registration_request", ["uuid": "e0"])
    hub.pass(.seconds(10))
    _ = hub.drain()
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    #expect(hub.state.engines.id(of: "e0") == 1 && hub.state.engines.engines.count == 1)
  }

  @Test func anEngineThatLeavesIsAnnounced() throws {
    var hub = try HubFixture()
    try hub.register("e0", "e1")
    let (reply, rest) = try hub.ask("unregistration_request", ["id": 1])
    #expect(reply == nil)
    #expect(rest.map(\.kind) == ["log", "unregistered e1", "save", "unregistration_notification"])
    #expect(rest.compactMap(\.notification) == ["unregistration_notification 1"])
    #expect(try hub.ask("unregistration_request", ["id": 1]).rest.isEmpty)
    #expect(try hub.ask("unregistration_request", ["id": "e0"]).reply?.ename == "ValueError")
    #expect(try hub.ask("connection_request").reply?["engines"] == ["0": "e0"])
  }

  @Test func anAcceptedEngineMayLeave() throws {
    var hub = try HubFixture()
    _ = try hub.ask("registration_request", ["uuid": "e0"])
    #expect(try hub.ask("unregistration_request", ["id": 0]).rest.isEmpty)
    hub.state.monitor(.heartsStarted(["e0"]), at: hub.now)
    #expect(hub.drain().map(\.kind) == ["stray e0"])
    hub.pass(HubFixture.timeout)
    #expect(hub.drain().isEmpty)
  }

  @Test func aHeartThatStopsUnregisters() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    hub.state.monitor(.heartsStopped(["e0"]), at: hub.now)
    #expect(hub.drain().compactMap(\.notification) == ["unregistration_notification 0"])
    hub.state.monitor(.heartsStopped(["e0", "stranger"]), at: hub.now)
    let expected = hub.drain().map { action -> Bool? in
      guard case .log(.lateHeart(_, let isExpected)) = action else { return nil }
      return isExpected
    }
    #expect(expected == [true, false])
  }

  @Test func aShutdownReplyOnIOPubUnregistersItsSender() throws {
    var hub = try HubFixture()
    try hub.register("client", "e1")
    try hub.publish("shutdown_reply", parent: nil, content: [:])
    #expect(hub.drain().compactMap(\.notification) == ["unregistration_notification 0"])
  }
}

import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

@Suite struct EngineRetirementTests {
  private let now = ContinuousClock.now

  private func step(
    _ retirement: inout EngineRetirement, idle: Bool, connected: Bool = true, after time: Duration = .zero
  ) -> EngineRetirement.Step {
    retirement.step(isIdle: idle, isConnected: connected, now: now + time)
  }

  private let linger = EngineRetirement.linger

  @Test func leavesWhenItIsIdleAndTheControllerAgrees() {
    var retirement = EngineRetirement(grace: .seconds(10), now: now)
    #expect(step(&retirement, idle: true) == .wait(EngineRetirement.interval))
    retirement.confirmed()
    #expect(step(&retirement, idle: true) == .leave)
    retirement.registeredAgain()
    #expect(step(&retirement, idle: true) == .wait(EngineRetirement.interval))
  }

  /// What has just been answered has to reach its client first.
  @Test func leavesAMomentAfterItWasBusy() {
    var retirement = EngineRetirement(grace: .seconds(10), now: now)
    retirement.confirmed()
    #expect(step(&retirement, idle: false) == .wait(EngineRetirement.interval))
    #expect(step(&retirement, idle: true, after: linger * 0.99) == .wait(EngineRetirement.interval))
    #expect(step(&retirement, idle: false, after: linger) == .wait(EngineRetirement.interval))
    #expect(step(&retirement, idle: true, after: linger * 1.99) == .wait(EngineRetirement.interval))
    #expect(step(&retirement, idle: true, after: linger * 2) == .leave)
  }

  @Test func whatHasJustBeenLostIsAnsweredFirst() {
    var retirement = EngineRetirement(grace: .seconds(1), wasBusy: true, now: now)
    retirement.confirmed()
    #expect(step(&retirement, idle: true, after: linger * 0.99) == .wait(EngineRetirement.interval))
    #expect(step(&retirement, idle: true, after: linger) == .leave)
  }

  @Test func theMomentEndsWithTheTimeOfGrace() {
    var retirement = EngineRetirement(grace: linger / 2, now: now)
    retirement.confirmed()
    #expect(step(&retirement, idle: false) == .wait(EngineRetirement.interval))
    #expect(step(&retirement, idle: true, after: linger / 2) == .leave)
  }

  /// The controller that has not heard of it yet has no tasks for it, and gives it some when it has.
  @Test func doesNotLeaveWhileItRegistersAgain() {
    var retirement = EngineRetirement(grace: .seconds(10), now: now)
    retirement.confirmed()
    retirement.registersAgain()
    #expect(step(&retirement, idle: true) == .wait(EngineRetirement.interval))
    retirement.confirmed()
    #expect(step(&retirement, idle: true) == .wait(EngineRetirement.interval))
    retirement.registeredAgain()
    #expect(step(&retirement, idle: true) == .wait(EngineRetirement.interval))
    retirement.confirmed()
    #expect(step(&retirement, idle: true) == .leave)
  }

  @Test func leavesWhenItsTimeIsOver() {
    var retirement = EngineRetirement(grace: .seconds(10), now: now)
    #expect(step(&retirement, idle: false, after: .milliseconds(9990)) == .wait(.milliseconds(10)))
    #expect(step(&retirement, idle: false, after: .seconds(10)) == .leaveUnfinished)
    var none = EngineRetirement(grace: .zero, now: now)
    #expect(step(&none, idle: true) == .leaveUnfinished)
  }

  @Test func doesNotWaitLongForAControllerThatIsGone() {
    var retirement = EngineRetirement(grace: .seconds(10), now: now)
    #expect(step(&retirement, idle: true, connected: false, after: .seconds(1)) == .wait(EngineRetirement.interval))
    #expect(step(&retirement, idle: true, after: .seconds(2)) == .wait(EngineRetirement.interval))
    #expect(step(&retirement, idle: true, connected: false, after: .seconds(2)) == .wait(EngineRetirement.interval))
    #expect(step(&retirement, idle: false, connected: false, after: .seconds(3)) == .wait(EngineRetirement.interval))
    #expect(step(&retirement, idle: true, connected: false, after: .seconds(3)) == .leave)
  }
}

/// Holds a function back.
private final class Gate: Sendable {
  private let (entered, entering) = AsyncStream.makeStream(of: Void.self)
  private let (opened, opening) = AsyncStream.makeStream(of: Void.self)

  func wait() async {
    entering.finish()
    for await _ in opened {}
  }

  func untilEntered() async { for await _ in entered {} }

  func open() { opening.finish() }
}

/// Whole engines that retire, with a controller of raw sockets.
@Suite(.timeLimit(.minutes(1))) struct EngineRetiringTests {
  private func run(
    _ controller: FakeController, grace: Duration = .seconds(60), _ functions: [any RemoteCallable]
  ) throws -> (Engine, Task<Void, any Error>) {
    var configuration = EngineConfiguration(connection: controller.connection, uuid: "u", grace: grace)
    configuration.captureOutput = false
    configuration.python = .notAllowed
    let engine = try Engine(configuration: configuration, functions: functions, logger: .silent)
    return (engine, Task { try await engine.run() })
  }

  @Test func finishesWhatRunsAndReturnsWhatWaits() async throws {
    let controller = try FakeController()
    let gate = Gate()
    let (engine, running) = try run(controller, [RemoteFunction("wait") { () in await gate.wait() }])
    try await controller.register(id: 4, takesBack: true, retires: true)
    let first = try await controller.sendCall("wait")
    await gate.untilEntered()
    let second = try await controller.sendCall("wait")
    #expect(engine.retire())
    #expect(!engine.retire())
    let request = try await controller.receive(.registration)
    #expect(request.header.messageType == "retirement_request")
    #expect(try request.content() == ["uuid": "u"])
    let returned = try await controller.receive(.task)
    #expect(try returned.parentID() == second)
    #expect(try returned.metadata()["status"] == "returned")
    // What was on its way comes back, too, also when the engine has nothing else to do.
    gate.open()
    let reply = try await controller.receive(.task)
    #expect(try reply.parentID() == first)
    #expect(try reply.metadata()["status"] == "ok")
    let third = try await controller.sendCall("wait")
    #expect(try await controller.receive(.task).parentID() == third)
    try await controller.confirmRetirement(request)
    let goodbye = try await controller.receive(.registration)
    #expect(goodbye.header.messageType == "unregistration_request")
    try await running.value
    await controller.stop()
  }

  @Test func aControllerThatKnowsNothingOfItGetsTheReplyOfWhatRuns() async throws {
    let controller = try FakeController()
    let gate = Gate()
    let (engine, running) = try run(controller, [RemoteFunction("wait") { () in await gate.wait() }])
    try await controller.register()
    let first = try await controller.sendCall("wait")
    await gate.untilEntered()
    _ = try await controller.sendCall("wait")
    #expect(engine.retire())
    gate.open()
    #expect(try await controller.receive(.task).parentID() == first)
    #expect(try await controller.receive(.registration).header.messageType == "unregistration_request")
    try await running.value
    await controller.stop()
  }

  @Test func aGracefulShutdownRequestHasItRetire() async throws {
    let controller = try FakeController()
    let (_, running) = try run(controller, [])
    try await controller.register(takesBack: true, retires: true)
    try await controller.send(.control, MessageType.shutdownRequest, content: ["graceful": true])
    #expect(try await controller.receive(.control).content() == ["status": "ok", "restart": false])
    try await controller.confirmRetirement(try await controller.receive(.registration))
    #expect(try await controller.receive(.registration).header.messageType == "unregistration_request")
    try await running.value
    await controller.stop()
  }

  @Test func inUseItStaysIfItIsToLeaveUnused() async throws {
    let controller = try FakeController()
    let gate = Gate()
    let (_, running) = try run(controller, [RemoteFunction("wait") { () in await gate.wait() }])
    try await controller.register(takesBack: true, retires: true)
    let content: JSONValue = ["graceful": true, "if_unused": true]
    func isRefused() async throws -> Bool {
      try await controller.send(.control, MessageType.shutdownRequest, content: content)
      return try await controller.receive(.control).content()["ename"] == "EngineInUse"
    }
    // It runs something.
    _ = try await controller.sendCall("wait")
    await gate.untilEntered()
    #expect(try await isRefused())
    gate.open()
    #expect(try await controller.receive(.task).metadata()["status"] == "ok")
    // It holds something.
    func execute(_ code: String) async throws {
      try await controller.send(.mux, MessageType.executeRequest, content: ["code": .string(code), "silent": true])
      #expect(try await controller.receive(.mux).content()["status"] == "ok")
    }
    try await execute("a = 1")
    #expect(try await isRefused())
    try await controller.send(.control, "clear_request", content: [:])
    #expect(try await controller.receive(.control).content()["status"] == "ok")
    // It is in use until a moment after the reply.
    while try await isRefused() {}
    try await controller.confirmRetirement(try await controller.receive(.registration))
    #expect(try await controller.receive(.registration).header.messageType == "unregistration_request")
    try await running.value
    await controller.stop()
  }

  @Test func itsGraceEnds() async throws {
    let controller = try FakeController()
    let gate = Gate()
    let (engine, running) = try run(
      controller, grace: .milliseconds(50), [RemoteFunction("wait") { () in await gate.wait() }])
    try await controller.register(takesBack: true, retires: true)
    _ = try await controller.sendCall("wait")
    await gate.untilEntered()
    #expect(engine.retire())
    #expect(try await controller.receive(.registration).header.messageType == "retirement_request")
    #expect(try await controller.receive(.registration).header.messageType == "unregistration_request")
    gate.open()
    try await running.value
    await controller.stop()
  }
}

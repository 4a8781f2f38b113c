import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

@Suite(.timeLimit(.minutes(1))) struct EngineLifetimeTests {
  private func engine(
    _ controller: FakeController, id: Int? = nil, misses: Int = 50, timeout: Duration = .seconds(10)
  ) throws -> Engine {
    let configuration = EngineConfiguration(
      connection: controller.connection, uuid: "u", requestedID: id, registrationTimeout: timeout,
      maxHeartbeatMisses: misses, onControllerLost: .stop, captureOutput: false)
    return try Engine(configuration: configuration, functions: [], logger: .silent)
  }

  @Test func registersAndUnregistersWhenItLeaves() async throws {
    let controller = try FakeController()
    let engine = try engine(controller, id: 5)
    let running = Task { try await engine.run() }
    let request = try await controller.register(id: 7)
    #expect(request.identities.map(\.string) == ["u"])
    #expect(request.header.messageType == "registration_request")
    #expect(try request.content() == ["uuid": "u", "id": 5, "returns_tasks": true, "reregisters": true])
    // An engine cancelled before it reads the reply would leave without unregistering.
    try await controller.send(.control, MessageType.kernelInfoRequest)
    _ = try await controller.receive(.control)
    running.cancel()
    try await running.value
    let departure = try await controller.receive(.registration)
    #expect(departure.header.messageType == "unregistration_request")
    #expect(try departure.content() == ["id": 7])
    await controller.stop()
  }

  @Test func aRefusalIsThrown() async throws {
    let controller = try FakeController()
    let engine = try engine(controller)
    let running = Task { try await engine.run() }
    try await controller.refuse("uuid in use")
    let error = await #expect(throws: EngineRunError.self) { try await running.value }
    #expect(error?.code == .registrationRefused)
    #expect(error?.message.contains("uuid in use") == true)
    await controller.stop()
  }

  @Test func anUnansweredRegistrationTimesOut() async throws {
    let controller = try FakeController()
    let engine = try engine(controller, timeout: .milliseconds(20))
    let error = await #expect(throws: EngineRunError.self) { try await engine.run() }
    #expect(error?.code == .registrationTimeout)
    await controller.stop()
  }

  @Test func aSecondRunIsRefused() async throws {
    let controller = try FakeController()
    let engine = try engine(controller)
    let running = Task { try await engine.run() }
    try await controller.register()
    let during = await #expect(throws: EngineRunError.self) { try await engine.run() }
    #expect(during?.code == .alreadyRun)
    // The first run continues.
    try await controller.send(.control, MessageType.shutdownRequest)
    try await running.value
    let afterwards = await #expect(throws: EngineRunError.self) { try await engine.run() }
    #expect(afterwards?.code == .alreadyRun)
    await controller.stop()
  }

  @Test func cancellationEndsTheWaitForRegistration() async throws {
    let controller = try FakeController()
    let engine = try engine(controller)
    let running = Task { try await engine.run() }
    running.cancel()
    await #expect(throws: CancellationError.self) { try await running.value }
    await controller.stop()
  }

  @Test func answersPingsUnderItsIdentity() async throws {
    try await withEngine { controller in
      let (identity, frames) = try await controller.beat("12.5")
      #expect(identity == "engine-uuid")
      #expect(frames == ["12.5"])
    }
  }

  @Test func leavesWhenThePingsStop() async throws {
    let controller = try FakeController()
    let engine = try engine(controller, misses: 2)
    let running = Task { try await engine.run() }
    try await controller.register(period: 20)
    let error = await #expect(throws: EngineRunError.self) { try await running.value }
    #expect(error?.code == .controllerLost)
    #expect(try await controller.receive(.registration).header.messageType == "unregistration_request")
    await controller.stop()
  }

  @Test func leavesOnAShutdownRequest() async throws {
    let controller = try FakeController()
    let engine = try engine(controller)
    let running = Task { try await engine.run() }
    try await controller.register(id: 2)
    try await controller.waitForIOPub()
    let id = try await controller.send(.control, MessageType.shutdownRequest, content: ["restart": false])
    let reply = try await controller.receive(.control)
    #expect(reply.header.messageType == "shutdown_reply")
    #expect(try reply.content() == ["status": "ok", "restart": false])
    #expect(try reply.parentID() == id)
    try await running.value
    var topics: [String] = []
    while topics.last != "engine.2.shutdown" { topics.append(try await controller.publication().topic) }
    #expect(topics == ["engine.2.status", "engine.2.status", "engine.2.shutdown"])
    await controller.stop()
  }
}

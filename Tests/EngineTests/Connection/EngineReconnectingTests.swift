import MartletWire
import MartletZeroMQ
import Synchronization
import Testing

@testable import MartletEngine

/// What an engine does when its controller is gone, and when it is back.
@Suite(.timeLimit(.minutes(1))) struct EngineReconnectingTests {
  private func start(
    _ connection: ConnectionInfo, policy: ControllerLossPolicy = .reconnect, limit: Duration = .seconds(50),
    misses: Int = 50, functions: [any RemoteCallable] = engineTestFunctions,
    file: (@Sendable () -> ConnectionInfo?)? = nil
  ) throws -> Task<Void, any Error> {
    var configuration = EngineConfiguration(
      connection: connection, uuid: "engine-uuid", maxHeartbeatMisses: misses, onControllerLost: policy,
      reconnectTimeout: limit, captureOutput: false, python: .notAllowed)
    configuration.readConnection = file
    let engine = try Engine(configuration: configuration, functions: functions, logger: .silent)
    return Task { try await engine.run() }
  }

  /// Calls `where`, which notes the engine's id in the namespace, and waits until the engine has answered.
  private func noteID(_ controller: FakeController) async throws {
    try await controller.send(.mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: "where"))
    #expect(try value(try await controller.receive(.mux)) == "engine-uuid")
  }

  private func pull(_ name: PickleValue, _ controller: FakeController) async throws -> PickleValue {
    try await controller.send(
      .mux, MessageType.applyRequest,
      buffers: ApplyCall.pack(function: BuiltinFunction.pull.rawValue, args: [name]))
    return try value(try await controller.receive(.mux))
  }

  @Test func registersAgainAndKeepsItsNamespace() async throws {
    var first: FakeController? = try FakeController()
    let connection = try #require(first?.connection)
    let running = try start(connection)
    try await first?.register(id: 3)
    if let first { try await noteID(first) }
    first?.loop.stop()
    first = nil
    let second = try FakeController(at: connection)
    let request = try await second.register(id: 3)
    #expect(request.identities.map(\.string) == ["engine-uuid"])
    #expect(
      try request.content() == ["uuid": "engine-uuid", "id": 3, "returns_tasks": true, "reregisters": true])
    #expect(try await pull("seen", second) == .int(3))
    #expect(try await second.beat("1.0").identity == "engine-uuid")
    running.cancel()
    try await running.value
    await second.stop()
  }

  /// The first registration is repeated if the controller ends without having answered it.
  @Test func registersWithTheNextControllerIfTheFirstDidNotAnswer() async throws {
    var first: FakeController? = try FakeController()
    let connection = try #require(first?.connection)
    let running = try start(connection)
    #expect(try await first?.receive(.registration).header.messageType == MessageType.registrationRequest)
    first?.loop.stop()
    first = nil
    let second = try FakeController(at: connection)
    try await second.register(id: 3)
    try await noteID(second)
    running.cancel()
    try await running.value
    await second.stop()
  }

  /// An engine that was stopped may have been given up, and its tasks may run elsewhere.
  @Test(arguments: [true, false])
  func tasksBeginAfterAGapInThePingsOnlyWhenTheEngineHasRegisteredAgain(takesBack: Bool) async throws {
    let controller = try FakeController()
    let running = try start(controller.connection)
    try await controller.register(period: 100, takesBack: takesBack)
    // More than five periods without a ping.
    #expect(try await !controller.hearsFromEngine(within: .milliseconds(700)))
    func status(of channel: FakeController.Channel) async throws -> JSONValue? {
      // The identity that the task scheduler has; that of a client follows.
      let call = ApplyCall.pack(function: "add", args: [2, 3])
      try await controller.send(channel, MessageType.applyRequest, buffers: call)
      return try await controller.receive(channel).metadata()["status"]
    }
    #expect(try await status(of: .task) == (takesBack ? "returned" : "ok"))
    #expect(try await status(of: .mux) == "ok")
    _ = try await controller.beat("1.0")
    if takesBack { #expect(try await status(of: .task) == "returned") }
    try await controller.register(period: 60_000, takesBack: takesBack)
    try await wait("the answer to the registration") { try await status(of: .task) == "ok" }
    running.cancel()
    try await running.value
    await controller.stop()
  }

  @Test func takesAnotherId() async throws {
    var first: FakeController? = try FakeController()
    let connection = try #require(first?.connection)
    let running = try start(connection)
    try await first?.register(id: 3)
    first?.loop.stop()
    first = nil
    let second = try FakeController(at: connection)
    try await second.register(id: 4)
    // Answered behind the registration, so the engine has read that.
    try await wait("the new id") {
      try await noteID(second)
      return try await pull("seen", second) == .int(4)
    }
    // The other leaf of the broadcast tree.
    try await second.send(
      .broadcast0, MessageType.applyRequest, buffers: ApplyCall.pack(function: "add", args: [2, 3]))
    #expect(try value(try await second.receive(.broadcast0)) == .int(5))
    running.cancel()
    try await running.value
    #expect(try await second.receive(.registration).content() == ["id": 4])
    await second.stop()
  }

  @Test func aResultOfTheTimeWithoutAControllerIsDelivered() async throws {
    let gate = Mutex<CheckedContinuation<Void, Never>?>(nil)
    let hold = RemoteFunction("hold") { (x: Int) async -> Int in
      await withCheckedContinuation { continuation in gate.withLock { $0 = continuation } }
      return x
    }
    var first: FakeController? = try FakeController()
    let connection = try #require(first?.connection)
    let running = try start(connection, functions: [hold])
    try await first?.register(id: 0)
    let id = try await first?.send(
      .task, MessageType.applyRequest, buffers: ApplyCall.pack(function: "hold", args: [7]))
    try await wait("the task") { gate.withLock { $0 != nil } }
    first?.loop.stop()
    first = nil
    gate.withLock { $0.take() }?.resume()
    let second = try FakeController(at: connection)
    let reply = try await second.receive(.task)
    #expect(try reply.parentID() == id)
    #expect(try value(reply) == .int(7))
    running.cancel()
    _ = try? await running.value
    await second.stop()
  }

  @Test func registersWhenTheHubAsks() async throws {
    let controller = try FakeController()
    let running = try start(controller.connection)
    try await controller.register(id: 2)
    try await controller.send(.control, MessageType.reregisterRequest)
    #expect(try await controller.register(id: 2).content()["id"] == 2)
    running.cancel()
    try await running.value
    await controller.stop()
  }

  @Test func registersWhenPingsResumeAfterAGap() async throws {
    let controller = try FakeController()
    let running = try start(controller.connection, misses: 5)
    try await controller.register(id: 2, period: 10)
    // Each wait is a gap of more than five periods.
    try await wait("another registration") {
      _ = try await controller.beat("1.0")
      return try await controller.hearsFromEngine(within: .milliseconds(100))
    }
    running.cancel()
    try await running.value
    await controller.stop()
  }

  @Test func leavesWhenTheControllerDoesNotReturn() async throws {
    var controller: FakeController? = try FakeController()
    let running = try start(try #require(controller?.connection), limit: .milliseconds(100))
    try await controller?.register()
    controller?.loop.stop()
    controller = nil
    let error = await #expect(throws: EngineRunError.self) { try await running.value }
    #expect(error?.code == .controllerLost)
    #expect(error?.message.contains("0.1 seconds") == true)
  }

  @Test func finishesWhatItHasBegun() async throws {
    let gate = Mutex<CheckedContinuation<Void, Never>?>(nil)
    let ended = Mutex(0)
    let hold = RemoteFunction("hold") { (x: Int) async -> Int in
      if x == 0 { await withCheckedContinuation { continuation in gate.withLock { $0 = continuation } } }
      ended.withLock { $0 += 1 }
      return x
    }
    let controller = try FakeController()
    let running = try start(controller.connection, policy: .finish, misses: 100, functions: [hold])
    try await controller.register(period: 20)
    for x in 0..<3 {
      try await controller.send(
        .mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: "hold", args: [.int(x)]))
    }
    try await wait("the task") { gate.withLock { $0 != nil } }
    gate.withLock { $0.take() }?.resume()
    let error = await #expect(throws: EngineRunError.self) { try await running.value }
    #expect(error?.code == .controllerLost)
    #expect(ended.withLock { $0 } == 3)
    await controller.stop()
  }

  @Test func movesToTheControllerInTheConnectionFile() async throws {
    var first: FakeController? = try FakeController()
    let second = try FakeController(key: "another")
    let other = second.connection
    let running = try start(try #require(first?.connection), file: { other })
    try await first?.register(id: 3)
    if let first { try await noteID(first) }
    first?.loop.stop()
    first = nil
    #expect(try await second.register(id: 3).content()["id"] == 3)
    #expect(try await pull("seen", second) == .int(3))
    #expect(try await second.beat("1.0").identity == "engine-uuid")
    running.cancel()
    try await running.value
    await second.stop()
  }

  /// Waits until a condition holds.
  private func wait(_ condition: Comment, until holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while try await !holds() {
      try #require(ContinuousClock.now < deadline, condition)
      await Task.yield()
    }
  }
}

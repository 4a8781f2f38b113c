import MartletWire
import MartletZeroMQ
import Synchronization
import Testing

@testable import MartletEngine

/// What has happened, in order.
private final class Story: Sendable {
  private let (lines, writing) = AsyncStream.makeStream(of: String.self)
  private let all = Mutex<[String]>([])

  func add(_ line: String) {
    all.withLock { $0.append(line) }
    writing.yield(line)
  }

  func wait(for line: String) async { for await next in lines where next == line { return } }

  var text: [String] { all.withLock { $0 } }
}

/// Holds something back, whether or not it is cancelled.
private final class Barrier: Sendable {
  private let (opened, opening) = AsyncStream.makeStream(of: Void.self)

  func wait() async { await Task { [opened] in for await _ in opened {} }.value }

  func open() { opening.finish() }
}

@Suite(.timeLimit(.minutes(1))) struct EngineLifecycleTests {
  private struct NoModel: Error {}

  private let story = Story()
  private let barrier = Barrier()

  private func run(
    _ controller: FakeController, grace: Duration = .seconds(60), loss: ControllerLossPolicy = .reconnect,
    functions: [any RemoteCallable] = [], _ lifecycle: EngineLifecycle
  ) throws -> (Engine, Task<Void, any Error>) {
    var configuration = EngineConfiguration(connection: controller.connection, uuid: "u", grace: grace)
    configuration.captureOutput = false
    configuration.python = .notAllowed
    configuration.onControllerLost = loss
    configuration.maxHeartbeatMisses = 2
    configuration.lifecycle = lifecycle
    let engine = try Engine(configuration: configuration, functions: functions, logger: .silent)
    return (engine, Task { try await engine.run() })
  }

  /// Waits until the engine has told the hub that it leaves.
  private func waitForFarewell(_ controller: FakeController) async throws {
    #expect(try await controller.receive(.registration).header.messageType == "unregistration_request")
  }

  @Test func registersAgainAfterItsPreparationIfTheHubHasAsked() async throws {
    let controller = try FakeController()
    let (_, running) = try run(
      controller,
      EngineLifecycle { [story, barrier] _ in
        story.add("prepares")
        await barrier.wait()
      })
    try await controller.register(id: 2)
    await story.wait(for: "prepares")
    try await controller.send(.control, MessageType.reregisterRequest)
    // An answer shows that the request before it has been read.
    try await controller.send(.control, MessageType.kernelInfoRequest)
    #expect(try await controller.receive(.control).header.messageType == "kernel_info_reply")
    barrier.open()
    #expect(try await controller.register(id: 2).content()["id"] == 2)
    running.cancel()
    try await running.value
    await controller.stop()
  }

  @Test func anEngineIsPreparedBeforeItsFirstTask() async throws {
    let controller = try FakeController()
    let call = RemoteFunction("call") { [story] in story.add("call") }
    let (_, running) = try run(
      controller, functions: [call],
      EngineLifecycle { [story, barrier] context in
        #expect(EngineContext.current?.engineUUID == "u" && EngineContext.current?.taskID == nil)
        story.add("engine \(context.engineID)")
        await barrier.wait()
        story.add("prepared")
      })
    try await controller.register(id: 3)
    await story.wait(for: "engine 3")
    // Other requests are answered meanwhile.
    try await controller.send(.control, MessageType.kernelInfoRequest)
    #expect(try await controller.receive(.control).header.messageType == "kernel_info_reply")
    _ = try await controller.sendCall("call")
    barrier.open()
    _ = try await controller.receive(.task)
    #expect(try await controller.beat("1.5").identity == "u")
    #expect(story.text == ["engine 3", "prepared", "call"])
    running.cancel()
    try await running.value
    await controller.stop()
  }

  @Test func anErrorEndsTheEngine() async throws {
    let controller = try FakeController()
    let (_, running) = try run(
      controller,
      EngineLifecycle { _ in
        throw NoModel()
      } willStop: { [story] _ in
        story.add("stops")
      })
    try await controller.register(id: 3)
    try await waitForFarewell(controller)
    let error = await #expect(throws: EngineRunError.self) { try await running.value }
    #expect(error == EngineRunError(.startFailed, "engineStarted has failed on engine 3: NoModel()"))
    #expect(story.text == [])
    await controller.stop()
  }

  enum Departure: CaseIterable { case cancellation, retirement, shutdown }

  private func leave(
    _ departure: Departure, _ engine: Engine, _ running: Task<Void, any Error>, _ controller: FakeController
  ) async throws {
    switch departure {
    case .cancellation: running.cancel()
    case .retirement: #expect(engine.retire())
    case .shutdown:
      try await controller.send(.control, MessageType.shutdownRequest)
      _ = try await controller.receive(.control)
    }
  }

  @Test(arguments: Departure.allCases) func whatIsPreparedIsCancelled(_ departure: Departure) async throws {
    let controller = try FakeController()
    let (engine, running) = try run(
      controller,
      EngineLifecycle { [story] _ in
        story.add("begun")
        try await Task.sleep(for: .seconds(3600))
      } willStop: { [story] _ in
        story.add("stops")
      })
    try await controller.register()
    await story.wait(for: "begun")
    try await leave(departure, engine, running, controller)
    try await waitForFarewell(controller)
    try await running.value
    #expect(story.text == ["begun"])
    await controller.stop()
  }

  @Test func preparationsThatDoNotEndAreAbandoned() async throws {
    let controller = try FakeController()
    let (engine, running) = try run(
      controller, grace: .milliseconds(10),
      EngineLifecycle { [story, barrier] _ in
        story.add("begun")
        await barrier.wait()
      })
    try await controller.register()
    await story.wait(for: "begun")
    #expect(engine.retire())
    try await waitForFarewell(controller)
    try await running.value
    barrier.open()
    await controller.stop()
  }

  @Test(arguments: Departure.allCases) func cleansUpWhenItLeaves(_ departure: Departure) async throws {
    let controller = try FakeController()
    let (engine, running) = try run(
      controller,
      EngineLifecycle(willStop: { [story, barrier] context in
        #expect(EngineContext.current?.engineUUID == "u")
        await barrier.wait()
        story.add("engine \(context.engineID) stops, cancelled: \(Task.isCancelled)")
      }))
    try await controller.register(id: 2)
    _ = try await controller.beat("1.5")
    try await leave(departure, engine, running, controller)
    // The hub needn't wait.
    try await waitForFarewell(controller)
    barrier.open()
    try await running.value
    #expect(story.text == ["engine 2 stops, cancelled: false"])
    await controller.stop()
  }

  @Test func cleansUpWhenTheControllerIsLost() async throws {
    let controller = try FakeController()
    let (_, running) = try run(
      controller, loss: .stop, EngineLifecycle(willStop: { [story] _ in story.add("stops") }))
    try await controller.register(period: 20)
    let error = await #expect(throws: EngineRunError.self) { try await running.value }
    #expect(error?.code == .controllerLost)
    #expect(story.text == ["stops"])
    await controller.stop()
  }

  @Test func finishesWhatRunsBeforeItCleansUp() async throws {
    let controller = try FakeController()
    let call = RemoteFunction("call") { [story, barrier] in
      story.add("begun")
      await barrier.wait()
      story.add("ended")
    }
    let (engine, running) = try run(
      controller, functions: [call], EngineLifecycle(willStop: { [story] _ in story.add("stops") }))
    try await controller.register(takesBack: true, retires: true)
    _ = try await controller.sendCall("call")
    await story.wait(for: "begun")
    #expect(engine.retire())
    let request = try await controller.receive(.registration)
    barrier.open()
    #expect(try await controller.receive(.task).metadata()["status"] == "ok")
    try await controller.confirmRetirement(request)
    try await waitForFarewell(controller)
    try await running.value
    #expect(story.text == ["begun", "ended", "stops"])
    await controller.stop()
  }

  @Test func cleaningUpThatDoesNotEndIsAbandoned() async throws {
    let controller = try FakeController()
    let (_, running) = try run(
      controller, grace: .milliseconds(10),
      EngineLifecycle(willStop: { [story, barrier] _ in
        story.add("stops")
        await barrier.wait()
      }))
    try await controller.register()
    _ = try await controller.beat("1.5")
    running.cancel()
    try await running.value
    #expect(story.text == ["stops"])
    barrier.open()
    await controller.stop()
  }

  /// A second signal.
  @Test func aCancellationWhileItCleansUpEndsItAtOnce() async throws {
    let controller = try FakeController()
    let (engine, running) = try run(
      controller,
      EngineLifecycle(willStop: { [story, barrier] _ in
        story.add("stops")
        await barrier.wait()
      }))
    try await controller.register()
    _ = try await controller.beat("1.5")
    try await leave(.shutdown, engine, running, controller)
    await story.wait(for: "stops")
    running.cancel()
    try await running.value
    barrier.open()
    await controller.stop()
  }

  @Test func aCancellationWhileItRetiresEndsItAtOnce() async throws {
    let controller = try FakeController()
    let call = RemoteFunction("call") { [story, barrier] in
      story.add("begun")
      await barrier.wait()
    }
    let (engine, running) = try run(
      controller, functions: [call], EngineLifecycle(willStop: { [story] _ in story.add("stops") }))
    try await controller.register(takesBack: true, retires: true)
    _ = try await controller.sendCall("call")
    await story.wait(for: "begun")
    #expect(engine.retire())
    _ = try await controller.receive(.registration)
    running.cancel()
    try await running.value
    #expect(story.text == ["begun"])
    barrier.open()
    await controller.stop()
  }
}

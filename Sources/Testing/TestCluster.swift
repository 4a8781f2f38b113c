import Logging
import MartletClient
import MartletCluster
import MartletController
import MartletEngine
import MartletWire
import Synchronization

/// The controller and engines of ``withTestCluster(functions:engines:lifecycle:logger:isolation:_:)``, to add engines and to test what
/// happens when they die, are slow or cut off, and when messages get lost.
public final class TestCluster: Sendable {
  let controller: Controller
  let network: TestNetwork
  private let functions: [any RemoteCallable]
  private let lifecycle: EngineLifecycle
  private let logger: Logger
  /// The engines that were started, by uuid.
  private let engines = Mutex<[String: (engine: Engine, task: Task<Void, Never>)]>([:])

  /// Why engines could not start.
  private let (failures, failing) = AsyncStream.makeStream(of: EngineRunError.self)

  init(functions: [any RemoteCallable], lifecycle: EngineLifecycle, logger: Logger) throws {
    var configuration = ControllerConfiguration()
    configuration.clients = try TestSockets.unused()
    configuration.engines = configuration.clients
    controller = try Controller(configuration: configuration, logger: logger)
    network = try TestNetwork(controller.engineConnection)
    self.functions = functions
    self.lifecycle = lifecycle
    self.logger = logger
  }

  /// Starts more engines, and doesn't wait for them to register: see ``MartletClient/Client/waitForEngines(_:timeout:)``.
  ///
  /// - Parameter resources: what each offers to calls that require something.
  /// - Throws: `EngineRunError` if two functions have the same name.
  public func addEngines(_ count: Int = 1, resources: Resources = [:]) throws {
    for _ in 0..<count {
      let connection = try network.makeConnection()
      var configuration = EngineConfiguration(connection: connection)
      // Output belongs to the test.
      configuration.captureOutput = false
      configuration.resources = resources
      configuration.lifecycle = lifecycle
      let engine = try Engine(configuration: configuration, functions: functions, logger: logger)
      let task = Task { [logger, failing, network] in
        do {
          try await network.connect(engine.uuid, as: connection)
          try await engine.run()
        } catch {
          if let error = error as? EngineRunError, error.code == .startFailed { failing.yield(error) }
          logger.info("an engine of the test has ended", metadata: ["reason": "\(error)"])
        }
      }
      engines.withLock { $0[engine.uuid] = (engine, task) }
    }
  }

  /// Has an engine die as if its process had been killed: what it was running is lost, and the task fails with an
  /// `EngineError` or runs again elsewhere, as its view says.
  ///
  /// The function that runs is cancelled. It can't be killed, as it is part of this process.
  ///
  /// - Parameter engine: one of ``MartletClient/Client/engines``. Nothing happens if it isn't there any more.
  public func kill(_ engine: RegisteredEngine) async throws {
    guard let (process, task) = engines.withLock({ $0.removeValue(forKey: engine.uuid) }) else { return }
    // A function that notices its cancellation must not answer before the hub has heard of its engine's end.
    process.mute()
    // The hub hears of it before the engine can say goodbye.
    try await EngineObituary(uuids: [engine.uuid], reason: "the test has killed it").send(
      to: controller.engineConnection)
    task.cancel()
    await task.value
    await network.remove(engine.uuid)
  }

  /// Runs the controller and engines, connects a client, and ends them after the body.
  func run<Output>(
    engines count: Int, isolation: isolated (any Actor)?, _ body: (Client) async throws -> Output
  ) async throws -> Output {
    let running = Task { [controller] in try await controller.run() }
    do {
      try addEngines(count)
      var configuration = ClientConfiguration()
      configuration.logger = logger
      let client = try await Client.connect(controller.clientConnection, configuration: configuration)
      let result: Result<Output, any Error>
      do {
        try await waitForEngines(count, of: client)
        result = .success(try await body(client))
      } catch {
        result = .failure(error)
      }
      await client.close()
      try await end(running)
      return try result.get()
    } catch {
      try? await end(running)
      throw error
    }
  }

  /// Waits until the engines have registered, unless one of them can't start.
  private func waitForEngines(_ count: Int, of client: Client) async throws {
    try await withThrowingTaskGroup { [failures] group in
      group.addTask { try await client.waitForEngines(count) }
      group.addTask {
        for await failure in failures { throw failure }
        throw CancellationError()
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func end(_ running: Task<Void, any Error>) async throws {
    let tasks = engines.withLock { engines in
      defer { engines = [:] }
      return Array(engines.values)
    }
    for (_, task) in tasks { task.cancel() }
    for (_, task) in tasks { await task.value }
    await network.stop()
    controller.stop()
    try await running.value
  }
}

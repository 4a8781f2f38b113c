import Logging
import MartletWire
import MartletZeroMQ
import ServiceLifecycle

/// An engine: registers with a controller and runs functions for its clients.
///
/// ```swift
/// let engine = try Engine(
///   configuration: EngineConfiguration(connection: connection),
///   functions: [RemoteFunction("add") { (a: Int, b: Int) in a + b }], logger: logger)
/// try await engine.run()
/// ```
/// One request of the shell channel runs at a time, in the order they come; control requests and heartbeats are
/// answered meanwhile.
public final class Engine: Service {
  private let configuration: EngineConfiguration
  private let functions: FunctionRegistry
  private let logger: Logger

  /// An engine that is not connected yet.
  ///
  /// - Parameters:
  ///   - configuration: how to reach the controller.
  ///   - functions: what clients can call by name.
  ///   - logger: gets the engine's uuid and, once it has one, its id as metadata. While output is captured it must not
  ///     write to descriptors 1 and 2; see ``DescriptorLogHandler``.
  /// - Throws: ``EngineError/Code/duplicateFunction``.
  public init(
    configuration: EngineConfiguration, functions: [any RemoteCallable], logger: Logger
  ) throws(EngineError) {
    self.configuration = configuration
    self.functions = try FunctionRegistry(functions)
    var logger = logger
    logger[metadataKey: LogKey.engineUUID] = "\(configuration.uuid)"
    logger[metadataKey: LogKey.engine] = "\(configuration.label)"
    self.logger = logger
  }

  /// The engine's uuid, its identity on the wire.
  public var uuid: String { configuration.uuid }

  /// Registers and serves until a client or the hub asks for the shutdown, the task is cancelled, or a graceful shutdown
  /// is triggered; then tells the hub that the engine leaves.
  ///
  /// A function that runs at that moment is cancelled and not waited for.
  ///
  /// - Throws: ``EngineError`` when the hub does not accept the engine or is lost, `ConnectionError` for an unusable
  ///   connection file, `WireError` for an unknown signature scheme, `ZeroMQError` when a socket cannot be opened,
  ///   `CancellationError` when cancelled before the registration is complete.
  public func run() async throws {
    let loop = try EventLoop(name: "engine-io")
    do {
      let driver = try EngineDriver(configuration, functions, loop: loop, logger: logger)
      try await withTaskCancellationOrGracefulShutdownHandler {
        try await driver.run()
      } onCancelOrGracefulShutdown: {
        driver.onLoop { $0.leave(.asked) }
      }
    } catch {
      loop.stop()
      await loop.waitUntilStopped()
      throw error
    }
    loop.stop()
    await loop.waitUntilStopped()
  }
}

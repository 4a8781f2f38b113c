import Logging
import MartletClient
import MartletEngine
import MartletWire

/// Runs a body with a client of a cluster in this process, for unit tests: real sockets and messages, no other processes, no
/// files, no ports. It is there within some tens of milliseconds, and many may run at once.
///
/// ```swift
/// @Test func squares() async throws {
///   try await withTestCluster(functions: [square]) { client in
///     let squares = try await client.loadBalanced().map(square, [1, 2, 3]).value
///     #expect(squares == [1, 4, 9])
///   }
/// }
/// ```
/// - Parameters:
///   - functions: what the engines can run.
///   - engines: how many there are. Each runs one call at a time, on a thread of its own, or as many as their function allows.
///   - lifecycle: what is done on each engine before its first task and after its last. All engines are in this process, so
///     what a process may do but once, such as installing the backend of swift-log, does not belong there.
///   - logger: for the log of controller, engines and client; by default only critical errors are logged.
///   - body: the test. All engines have registered when it begins.
/// - Returns: what the body returns.
/// - Throws: what the body throws, or what keeps the cluster or an engine from starting.
public func withTestCluster<Output>(
  functions: [any RemoteCallable], engines: Int = 2, lifecycle: EngineLifecycle = EngineLifecycle(),
  logger: Logger = .criticalOnly,
  isolation: isolated (any Actor)? = #isolation, _ body: (Client) async throws -> Output
) async throws -> Output {
  try await TestCluster(functions: functions, lifecycle: lifecycle, logger: logger).run(
    engines: engines, isolation: isolation, body)
}

/// As ``withTestCluster(functions:engines:lifecycle:logger:isolation:_:)`` with a client alone, for tests that also add and kill engines.
public func withTestCluster<Output>(
  functions: [any RemoteCallable], engines: Int = 2, lifecycle: EngineLifecycle = EngineLifecycle(),
  logger: Logger = .criticalOnly,
  isolation: isolated (any Actor)? = #isolation, _ body: (Client, TestCluster) async throws -> Output
) async throws -> Output {
  let cluster = try TestCluster(functions: functions, lifecycle: lifecycle, logger: logger)
  return try await cluster.run(engines: engines, isolation: isolation) { client in try await body(client, cluster) }
}

extension Logger {
  /// A logger for critical errors.
  public static var criticalOnly: Logger {
    var logger = Logger(label: "martlet.test")
    logger.logLevel = .critical
    return logger
  }
}

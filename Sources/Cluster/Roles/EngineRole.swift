import Foundation
import Logging
import MartletEngine
import MartletTunnels
import MartletWire

/// Runs this process as an engine, with ipengine's options.
public enum EngineRole {
  /// Runs an engine until it is cancelled or told to leave.
  ///
  /// - Parameters:
  ///   - arguments: the command line without the program's name and without `engine`.
  ///   - functions: the functions that clients can call by name.
  ///   - lifecycle: what the program does before the first task and after the last.
  /// - Throws: ``OptionError`` for an unusable option, `ConnectionError` when no controller is found, or the engine's
  ///   error.
  public static func run(
    _ arguments: [String], functions: [any RemoteCallable] = [], lifecycle: EngineLifecycle = EngineLifecycle()
  ) async throws {
    let (options, warnings) = try EngineOptions.read(arguments)
    RoleEnvironment.erase()
    let application = options.application
    if let report = application.configReport {
      for warning in warnings { RoleExit.report("Warning: \(warning)") }
      return try report.perform()
    }
    if application.logToFile { try application.profile.create() }
    try application.enterWorkDirectory()
    // The engine captures standard error for its functions' output; the log goes to the original descriptor.
    let logger = try application.makeLogger(
      program: "ipengine", name: "IPEngine", standardError: FileHandle(fileDescriptor: dup(STDERR_FILENO)))
    for warning in warnings { logger.warning("\(warning)") }
    let connection = try await options.connection()
    guard !connection.ssh.isEmpty else { return try await run(options, connection, nil, functions, lifecycle, logger) }
    let tunnel = try await Tunnel.open(
      to: connection, key: options.sshKey, within: tunnelTimeout, logger: logger)
    do {
      try await run(options, connection, tunnel, functions, lifecycle, logger)
    } catch {
      await tunnel.close()
      throw error
    }
    await tunnel.close()
  }

  private static func run(
    _ options: EngineOptions, _ connection: ConnectionInfo, _ tunnel: Tunnel?, _ functions: [any RemoteCallable],
    _ lifecycle: EngineLifecycle, _ logger: Logger
  ) async throws {
    var configuration = EngineConfiguration(options, connection: connection, tunnel: tunnel)
    configuration.lifecycle = lifecycle
    let engine = try Engine(configuration: configuration, functions: functions, logger: logger)
    let forwarding = SignalForwarding(to: engine)
    defer { forwarding.end() }
    if options.readsStandardInput {
      try await runWhileStandardInputLasts(engine)
    } else {
      try await engine.run()
    }
    // What ends together with others can't be replaced by itself.
    if let limit = engine.reachedLimit, limit.wantsReplacement, !options.isOneOfSet {
      throw RetiredEngine(limit: limit)
    }
  }

  /// Longer than ssh tries to connect.
  private static let tunnelTimeout = Duration.seconds(30)

  /// Runs an engine until it ends or whoever gave it its connection is gone.
  private static func runWhileStandardInputLasts(_ engine: Engine) async throws {
    try await withThrowingTaskGroup { group in
      group.addTask { try await engine.run() }
      group.addTask {
        await Lifeline.waitUntilCut()
        try Task.checkCancellation()
        throw Interruption(signal: nil)
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }
}

import Foundation
import Logging
import MartletClient
import MartletCluster
import MartletEngine
import MartletWire

/// A program that is its own cluster.
///
/// ```swift
/// @main struct WordCount: ClusterProgram {
///   static let functions: [any RemoteCallable] = [countWords]
///   static func run(_ client: Client, arguments: [String]) async throws { … }
/// }
/// ```
/// By default, the program starts a cluster on this machine that lasts until ``run(_:arguments:)`` returns. The same
/// executable also runs as the controller and the engines. It accepts these options alongside its own arguments:
/// - `--engines N`: the number of engines; one per core by default.
/// - `--python PATH`, `--python-start eager|lazy`, `--no-python`: the Python that the engines run Python code with,
///   whether they start it at once, and that they run none.
/// - `--resource NAME=AMOUNT`: what each engine offers to tasks that require it, as with `martlet engine`; may be repeated.
/// - `--restart-engines`: start engines again that end unexpectedly.
/// - `--profile NAME`, `--profile-dir FOLDER`, `--cluster-id ID`, `--connection-file FILE`: join a running cluster,
///   whose engines must have the functions.
/// - `engine …` or `controller …` as the first argument: run as an engine or the controller, with the options of
///   ipengine and ipcontroller.
public protocol ClusterProgram: SendableMetatype {
  /// The functions that the engines can run.
  static var functions: [any RemoteCallable] { get }

  /// Runs the program's work on the cluster.
  ///
  /// - Parameters:
  ///   - client: a connected client, which is closed when this method returns.
  ///   - arguments: the command line without the options above.
  static func run(_ client: Client, arguments: [String]) async throws

  /// Prepares an engine, in its process and on the thread on which functions run. The engine gets no task and is unknown to
  /// clients until this method returns. By default nothing is done.
  ///
  /// Install the backends of swift-log, swift-metrics and swift-distributed-tracing here: it runs once in each engine's
  /// process. Martlet installs none.
  ///
  /// - Parameter context: the engine, whose log is ``EngineContext/logger``.
  /// - Throws: any error. The engine then ends with exit code 1, and what started it reports the error.
  static func engineStarted(_ context: EngineContext) async throws

  /// Cleans up on an engine that leaves, because it gets SIGTERM or a client or the cluster shuts it down, or its controller
  /// is lost. By default nothing is done.
  ///
  /// What the engine ran has ended then or been cancelled. What is left of the time of grace (`--grace`, 25 seconds) is the
  /// limit. It does not run if none is left, if ``engineStarted(_:)`` did not return, or if the process is killed.
  ///
  /// - Parameter context: the engine.
  static func engineWillStop(_ context: EngineContext) async
}

extension ClusterProgram {
  /// Does nothing.
  public static func engineStarted(_ context: EngineContext) async throws {}

  /// Does nothing.
  public static func engineWillStop(_ context: EngineContext) async {}
}

extension ClusterProgram {
  /// Runs the program and exits the process. The exit code is 0 on success, 1 with a line on standard error after an
  /// error, 2 for an unusable option, or 128 plus the signal number after a signal.
  public static func main() async { await main(checking: { _ in }) }

  /// Runs the program and exits the process.
  ///
  /// - Parameter check: throws if the program can't use its own arguments, before a cluster is started for it.
  static func main(checking check: ([String]) throws -> Void) async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    let program = CommandLine.arguments.first.map { ($0 as NSString).lastPathComponent } ?? "\(Self.self)"
    switch arguments.first {
    case "engine":
      let rest = Array(arguments.dropFirst())
      exit(
        await RoleExit.code("\(program) engine", usage: "\(program) engine [options]") {
          try await EngineRole.run(
            rest, functions: functions,
            lifecycle: EngineLifecycle(
              started: { try await engineStarted($0) }, willStop: { await engineWillStop($0) }))
        })
    case "controller":
      let rest = Array(arguments.dropFirst())
      exit(
        await RoleExit.code("\(program) controller", usage: "\(program) controller [options]") {
          try await ControllerRole.run(rest)
        })
    default:
      exit(await runAsClient(arguments, program: program, check))
    }
  }

  private static func runAsClient(
    _ arguments: [String], program: String, _ check: ([String]) throws -> Void
  ) async -> Int32 {
    do {
      let options = try ProgramOptions(arguments)
      try check(options.arguments)
      try await runUntilShutdown { try await run(with: options, program: program) }
      return 0
    } catch let interruption as Interruption {
      return interruption.exitCode
    } catch let error as OptionError {
      let usage =
        "\(program) [--engines N] [--resource NAME=AMOUNT] [--profile NAME] [--cluster-id ID] [--connection-file FILE] "
        + "[arguments]"
      RoleExit.report("Error: \(error)\nUsage: \(usage)")
      return RoleExit.usageErrorCode
    } catch let error where ParserExit.isParsers(error) {
      return ParserExit.report(error, of: self, name: program)
    } catch {
      RoleExit.report("\(program): \(error)")
      return 1
    }
  }

  private static func run(with options: ProgramOptions, program: String) async throws {
    if let file = try options.connectionFile() {
      // Says at once that there is no such cluster.
      _ = try file.read()
      return try await run(
        with: try await Client.connect(connectionFile: file.path, ssh: options.ssh), arguments: options.arguments)
    }
    guard options.ssh == nil else { throw OptionError("--ssh goes with --profile, --cluster-id or --connection-file") }
    var configuration = ClusterConfiguration(
      profile: ProfileDirectory(name: "default"), clusterID: ClusterConfiguration.randomClusterID())
    if let engines = options.engines { configuration.engines = [.local(engines)] }
    for index in configuration.engines.indices { configuration.engines[index].resources = options.resources }
    configuration.engineArguments = options.python.engineArguments
    configuration.controllerArguments = options.python.controllerArguments
    configuration.restartsEngines = options.restartsEngines
    configuration.removesLogs = true
    let groups = configuration.engines
    let handler = LineLogHandler(name: program, level: .warning)
    let cluster = Cluster(configuration, logger: Logger(label: program) { _ in handler })
    defer { ExitHandler.unwatch() }
    try await cluster.withRunning { cluster in
      var clientOptions = ClientConfiguration()
      clientOptions.ownEngines = groups.map(\.resources)
      let client = try await Client.connect(try cluster.clientConnection(), configuration: clientOptions)
      ExitHandler.watch(cluster, client)
      try await run(with: client, of: cluster, arguments: options.arguments)
    }
  }

  /// - Parameter cluster: the program's own cluster, if it has one.
  private static func run(with client: Client, of cluster: Cluster? = nil, arguments: [String]) async throws {
    let watch = cluster.map { cluster in
      Task {
        guard let failure = await cluster.waitForFailure() else { return }
        // What is on its way says more about each task.
        try await Task.sleep(for: .seconds(1))
        client.fail(with: ClientError(.noEngines, failure.description))
      }
    }
    defer { watch?.cancel() }
    do {
      try await run(client, arguments: arguments)
    } catch {
      await client.close()
      throw error
    }
    await client.close()
  }
}

import Foundation
import Martlet

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

private func sendSignal(_ process: Int32, _ signal: Int32) -> Int32 { kill(process, signal) }

/// A controller and engines in processes of their own, which can be killed, stopped and started again. The engines provide
/// the functions in `Tests/Support/TestEngine`.
final class ProcessCluster {
  private let folder: TemporaryFolder
  private let program: String
  private(set) var controller: Process?
  private(set) var engines: [Process] = []

  private let controllerOptions: [String]

  /// The profile, for files of tests, too.
  var path: String { folder.path }

  private init(_ controllerOptions: [String]) throws {
    self.controllerOptions = controllerOptions
    folder = try TemporaryFolder()
    program = try SwiftCompiler.product("martlet-test-engine")
  }

  /// Runs a controller and engines for the duration of a closure; none of them is left afterwards.
  ///
  /// - Parameter controllerOptions: options of the controller in addition to those that all have.
  static func with(
    engines count: Int, controllerOptions: [String] = [], _ body: (ProcessCluster) async throws -> Void
  ) async throws {
    let cluster = try ProcessCluster(controllerOptions)
    defer { cluster.end() }
    try cluster.startController()
    for _ in 0..<count { try cluster.startEngine() }
    try await body(cluster)
  }

  /// Starts the controller, with the connection files of an earlier one if there are any.
  func startController() throws {
    controller = try start("controller", ["--reuse", "--ping=250"] + controllerOptions)
  }

  /// Starts one more engine.
  func startEngine() throws { engines.append(try start("engine", [])) }

  /// Kills all engines.
  func killEngines() {
    for engine in engines { Self.kill(engine) }
    engines = []
  }

  /// Ends the controller as a service manager does, and waits for its end.
  func endController() {
    signalController(SIGTERM)
    controller?.waitUntilExit()
    controller = nil
  }

  /// Kills the controller.
  func killController() {
    controller.map { Self.kill($0) }
    controller = nil
  }

  /// Stops the controller, or lets it go on.
  func signalController(_ signal: Int32) {
    if let controller { _ = sendSignal(controller.processIdentifier, signal) }
  }

  /// Connects a client and waits for the engines.
  func connect(reconnectTimeout: Duration = .seconds(30)) async throws -> Client {
    var configuration = ClientConfiguration()
    configuration.connectTimeout = .seconds(30)
    configuration.reconnectTimeout = reconnectTimeout
    let client = try await Client.connect(
      connectionFile: "\(folder.path)/profile/security/ipcontroller-client.json", configuration: configuration)
    try await client.waitForEngines(engines.count)
    return client
  }

  private func start(_ role: String, _ options: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = [role, "--profile-dir=\(folder.path)/profile", "--log-level=50"] + options
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return process
  }

  private func end() {
    for process in engines { Self.kill(process) }
    killController()
  }

  private static func kill(_ process: Process) {
    _ = sendSignal(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}

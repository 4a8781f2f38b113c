import Foundation
import MartletClient
import MartletWire
import Testing

/// A controller and two Python engines, shared by a suite's tests.
///
/// `MARTLET_PYTHON` names a Python interpreter with ipyparallel. `MARTLET_CONTROLLER` is the command line that starts
/// the controller; `ipcontroller` options (`--ipython-dir`, `--profile`, `--ip`) are added to it. The default is
/// ipyparallel's own controller. `MARTLET_ENGINE` does the same for the engines.
struct PythonCluster: Sendable {
  /// The Python interpreter; `nil` disables the tests.
  static let python = ProcessInfo.processInfo.environment["MARTLET_PYTHON"]

  @TaskLocal static var current: PythonCluster?

  let client: Client
  let directory: String

  /// Starts another engine.
  func startEngine() throws -> Process { try Self.engine(directory) }

  /// Whether the engines are Martlet's.
  static var hasMartletEngines: Bool { command("MARTLET_ENGINE") != nil }

  static func engine(_ directory: String) throws -> Process {
    let engine = command("MARTLET_ENGINE") ?? [python ?? "python3", "-m", "ipyparallel.engine"]
    return try run(engine + ["--ipython-dir=\(directory)", "--profile=x"])
  }

  /// A command line in an environment variable.
  private static func command(_ variable: String) -> [String]? {
    ProcessInfo.processInfo.environment[variable]?.split(separator: " ").map(String.init)
  }

  static func run(_ command: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    // Foundation starts processes with its own threads' signal mask, but a child must be able to receive SIGTERM.
    let unblock =
      "import os, signal, sys; signal.pthread_sigmask(signal.SIG_SETMASK, []); os.execvp(sys.argv[1], sys.argv[1:])"
    process.arguments = [python ?? "python3", "-c", unblock] + command
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  static func with(_ body: @Sendable (PythonCluster) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("mc-\(UUID().uuidString.prefix(8))")
      .path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let controller =
      command("MARTLET_CONTROLLER") ?? [python ?? "python3", "-m", "ipyparallel.controller"]
    var processes = [
      try run(controller + ["--ipython-dir=\(directory)", "--profile=x", "--ip=127.0.0.1"])
    ]
    defer {
      for process in processes.reversed() {
        process.terminate()
        process.waitUntilExit()
      }
      try? FileManager.default.removeItem(atPath: directory)
    }
    var configuration = ClientConfiguration()
    configuration.connectTimeout = .seconds(60)
    let client = try await Client.connect(
      connectionFile: "\(directory)/profile_x/security/ipcontroller-client.json", configuration: configuration)
    processes += [try engine(directory), try engine(directory)]
    try await client.waitForEngines(2)
    try await body(PythonCluster(client: client, directory: directory))
    await client.close()
  }
}

/// Provides a suite with its cluster.
struct PythonClusterTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    guard PythonCluster.python != nil else { return }
    try await PythonCluster.with { cluster in
      try await PythonCluster.$current.withValue(cluster) { try await function() }
    }
  }
}

extension Trait where Self == PythonClusterTrait {
  static var pythonCluster: Self { PythonClusterTrait() }
}

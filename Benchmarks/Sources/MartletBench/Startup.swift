import Foundation
import Martlet
import MartletTesting

/// The time from `martlet start` to the first results, the time for many engines to register, and that of a cluster for tests.
enum Startup {
  static func measure(_ options: BenchOptions, into metrics: inout Metrics) async throws {
    var times: [Duration] = []
    for _ in 0..<3 { times.append(try await ProfileDirectory.withTemporary { try await startedByCommand(4, in: $0) }) }
    metrics["startup_4_engines_to_first_result_ms"] = times.quantile(0.5).milliseconds
    times = try await Latency.roundTrips(20, warmUp: 1) {
      try await withTestCluster(functions: [square]) { client in _ = try await client[...].apply(square, 3).value }
    }
    metrics["startup_test_cluster_ms"] = times.quantile(0.5).milliseconds
    for count in [4, 100, 1_000] where count <= options.simulatedEngines {
      // A short heartbeat period, because a registration is complete with the first beat.
      metrics["registration_\(count)_simulated_engines_ms"] = try await BenchCluster.with(engines: 0, ["--ping=100"]) {
        let start = ContinuousClock.now
        let engines = try SimulatedEngines($0.engineConnection)
        do {
          try await engines.register(count)
          try await $0.client.waitForEngines(count)
        } catch {
          await engines.stop()
          throw error
        }
        let time = ContinuousClock.now - start
        await engines.stop()
        return time.milliseconds
      }
    }
  }

  /// The time from starting the process `martlet start -n …` until a client has a result from each engine.
  private static func startedByCommand(_ engines: Int, in profile: ProfileDirectory) async throws -> Duration {
    let start = ContinuousClock.now
    let cluster = try martlet("start", ["-n", "\(engines)"], in: profile)
    do {
      let file = ConnectionFile(.client, profileDirectory: profile.path)
      let time = try await Client.connect(connectionFile: file.path).closing { client in
        try await client.waitForEngines(engines)
        let replies = try await client.direct().execute("1", silent: true)
        guard replies.count == engines else { throw BenchError("\(replies.count) of \(engines) engines answer") }
        return ContinuousClock.now - start
      }
      for process in [try martlet("stop", in: profile), cluster] {
        let status = process.status()
        guard status == 0 else { throw BenchError("martlet start or stop ended with \(status)") }
      }
      return time
    } catch {
      cluster.stop()
      // The log is removed with the profile.
      let log = (try? String(contentsOfFile: cluster.log, encoding: .utf8)) ?? ""
      throw BenchError("\(error)\n\(log)")
    }
  }

  /// Starts the command in the same folder as this program.
  private static func martlet(
    _ subcommand: String, _ arguments: [String] = [], in profile: ProfileDirectory
  ) throws -> RunningCommand {
    let folder = URL(filePath: ProgramCommand.current.executable).deletingLastPathComponent()
    return try RunningCommand(
      folder.appending(path: "martlet"), [subcommand, "--profile-dir", profile.path] + arguments,
      log: "\(profile.log)/\(subcommand).log")
  }
}

/// A child process whose output is in a file.
private struct RunningCommand {
  let log: String
  private let process = Process()

  init(_ executable: URL, _ arguments: [String], log: String) throws {
    self.log = log
    FileManager.default.createFile(atPath: log, contents: nil)
    let output = try FileHandle(forWritingTo: URL(filePath: log))
    process.executableURL = executable
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = output
    try process.run()
  }

  /// Waits for the process to end, and returns its status.
  func status() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Ends the process, which first ends its own children.
  func stop() {
    process.terminate()
    process.waitUntilExit()
  }
}

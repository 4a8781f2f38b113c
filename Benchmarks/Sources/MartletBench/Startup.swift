import Foundation
import Martlet

/// The time from `martlet start` to the first results, and the time for many engines to register.
enum Startup {
  static func measure(_ options: BenchOptions, into metrics: inout Metrics) async throws {
    var times: [Duration] = []
    for _ in 0..<3 { times.append(try await ProfileDirectory.withTemporary { try await startedByCommand(4, in: $0) }) }
    metrics["startup_4_engines_to_first_result_ms"] = times.quantile(0.5).milliseconds
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
    let cluster = try await martlet("start", ["-n", "\(engines)"], in: profile)
    do {
      let file = ConnectionFile(.client, profileDirectory: profile.path)
      let time = try await Client.connect(connectionFile: file.path).closing { client in
        try await client.waitForEngines(engines)
        let replies = try await client.direct().execute("1").value
        guard replies.count == engines else { throw BenchError("\(replies.count) of \(engines) engines answer") }
        return ContinuousClock.now - start
      }
      for process in [try await martlet("stop", in: profile), cluster] {
        let status = await process.status
        guard status == .exited(0) else { throw BenchError("martlet start or stop ended with \(status)") }
      }
      return time
    } catch {
      await cluster.stop()
      // The log is removed with the profile.
      let log = (try? String(contentsOfFile: cluster.log, encoding: .utf8)) ?? ""
      throw BenchError("\(error)\n\(log)")
    }
  }

  /// The command in the same folder as this program.
  private static func martlet(
    _ subcommand: String, _ arguments: [String] = [], in profile: ProfileDirectory
  ) async throws -> ChildProcess {
    let folder = URL(filePath: ProgramCommand.current.executable).deletingLastPathComponent()
    let command = ProgramCommand(
      executable: folder.appending(path: "martlet").path,
      arguments: [subcommand, "--profile-dir", profile.path] + arguments)
    // The command first ends its own processes.
    return try await ChildProcess.launch(command, log: "\(profile.log)/\(subcommand).log", grace: .seconds(15))
  }
}

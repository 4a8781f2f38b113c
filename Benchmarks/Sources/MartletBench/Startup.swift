import Foundation
import Martlet

/// From nothing to the first result, and how long many engines take to register.
enum Startup {
  static func measure(_ options: BenchOptions, into metrics: inout Metrics) async throws {
    var times: [Duration] = []
    for _ in 0..<3 {
      let start = ContinuousClock.now
      times.append(
        try await BenchCluster.with(engines: 4) { cluster in
          _ = try await cluster.client.loadBalanced().apply(noop).value
          return ContinuousClock.now - start
        })
    }
    metrics["startup_4_engines_to_first_result_ms"] = times.quantile(0.5).milliseconds
    for count in [4, 100, 1_000] where count <= options.simulatedEngines {
      // A short heartbeat period: a registration is complete with the first beat.
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
}

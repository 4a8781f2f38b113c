import Foundation
import Martlet

/// Measures the same call on many simulated engines: the client sends one message per engine, or a single one that the
/// controller multiplies, with separate or merged results.
enum Broadcast {
  static func measure(_ options: BenchOptions, into metrics: inout Metrics) async throws {
    for count in [4, 64, 256] where count <= options.simulatedEngines {
      let times = try await BenchCluster.with(engines: 0, ["--ping=100"]) { cluster in
        let engines = try SimulatedEngines(cluster.engineConnection)
        do {
          try await engines.register(count)
          try await cluster.client.waitForEngines(count)
          let times = try await callTimes(cluster.client)
          await engines.stop()
          return times
        } catch {
          await engines.stop()
          throw error
        }
      }
      for (name, time) in times { metrics["broadcast_\(name)_\(count)_simulated_engines_ms"] = time }
    }
  }

  private static func callTimes(_ client: Client) async throws -> [(String, Double)] {
    let direct = client.direct()
    let tree = client.broadcast()
    let coalescing = client.broadcast(isCoalescing: true)
    var times: [(String, Double)] = []
    for (label, size) in [("1kb", 1_000), ("1mb", 1_000_000)] {
      let data = Bytes(Data(repeating: 1, count: size))
      times.append(("direct_\(label)", try await median { _ = try await direct.apply(swallow, data).value }))
      times.append(("tree_\(label)", try await median { _ = try await tree.apply(swallow, data).value }))
      times.append(("coalescing_\(label)", try await median { _ = try await coalescing.apply(swallow, data).value }))
    }
    return times
  }

  private static func median(_ call: () async throws -> Void) async throws -> Double {
    try await Latency.roundTrips(5, warmUp: 1, call: call).quantile(0.5).milliseconds
  }
}

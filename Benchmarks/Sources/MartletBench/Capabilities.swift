import Foundation
import Martlet

/// Measures what each capability costs in comparison with a plain call, on a cluster with two engines. In each of many rounds
/// all run once, one after the other, so that what disturbs the machine disturbs all of them.
enum Capabilities {
  /// One kind of call.
  struct Kind {
    let name: String
    /// Makes a number of calls, and waits for their results.
    let run: (_ count: Int) async throws -> Void
  }

  /// Calls in a row, one at a time, and so many at a time of which each is sent without waiting for the others.
  private static let (alone, together) = (50, 1_000)

  static func measure(_ options: BenchOptions, into metrics: inout Metrics) async throws {
    var group = EngineGroup.local(2)
    group.resources = ["slot": 64]
    let found = try await BenchCluster.with([group]) { cluster in
      let calls = try await CapabilityCalls(cluster.client)
      let rounds = options.capabilityRounds
      return try await times("alone", calls.alone, alone, rounds) + times("together", calls.together, together, rounds)
        + broadcasts(cluster.client)
    }
    for (name, value) in found { metrics["capability_\(name)"] = value }
  }

  /// The medians of the times of each kind of call and of its ratios to the first kind in the same round.
  private static func times(
    _ label: String, _ kinds: [Kind], _ count: Int, _ rounds: Int
  ) async throws -> [(String, Double)] {
    var times: [[Duration]] = kinds.map { _ in [] }
    for round in 0...rounds {
      // Each round begins with another kind, so that none always follows the same one.
      for offset in kinds.indices {
        let index = (round + offset) % kinds.count
        let time = try await ContinuousClock().measure { try await kinds[index].run(count) }
        // The first round is a warm-up.
        if round > 0 { times[index].append(time / count) }
      }
    }
    let base = times.first ?? []
    return zip(kinds, times).flatMap { kind, times in
      let ratios = zip(times, base).map { $0 / $1 }.sorted()
      return [
        ("\(label)_\(kind.name)_us", times.quantile(0.5) / .microseconds(1)),
        ("\(label)_\(kind.name)_ratio", ratios[ratios.count / 2]),
      ]
    }
  }

  /// The times until a broadcast argument is on all engines and was used there first, of later uses, and of a call that carries
  /// the argument itself: medians of five.
  private static func broadcasts(_ client: Client) async throws -> [(String, Double)] {
    let view = client.loadBalanced()
    var found: [(String, Double)] = []
    for (label, size) in [("1mb", 1_000_000), ("100mb", 100_000_000)] {
      let bytes = Bytes(Data(repeating: 1, count: size))
      let sent = try await Latency.roundTrips(5, warmUp: 1) { _ = try await view.apply(swallow, bytes).value }
      var (first, later): ([Duration], [Duration]) = ([], [])
      for _ in 0..<5 {
        let start = ContinuousClock.now
        let shared = try await client.broadcast(bytes)
        _ = try await view.apply(swallow, shared).value
        first.append(ContinuousClock.now - start)
        later += try await Latency.roundTrips(20, warmUp: 2) { _ = try await view.apply(swallow, shared).value }
        shared.release()
      }
      for (name, times) in [("sent", sent), ("broadcast_first", first), ("broadcast_later", later)] {
        found.append(("argument_\(label)_\(name)_ms", times.quantile(0.5).milliseconds))
      }
    }
    return found
  }
}

import Martlet

/// Measures round trips of a no-op, one at a time.
enum Latency {
  static func measure(_ client: Client, _ options: BenchOptions, into metrics: inout Metrics) async throws {
    for view in options.views {
      add(try await roundTrips(options.latencyCount, call: call(client, view)), view.rawValue, to: &metrics)
    }
    guard options.view == "all" else { return }
    let all = client.direct()
    add(
      try await roundTrips(options.latencyCount) { _ = try await all.apply(noop).value }, "all_engines", to: &metrics)
  }

  private static func add(_ times: [Duration], _ name: String, to metrics: inout Metrics) {
    metrics["latency_\(name)_p50_ms"] = times.quantile(0.5).milliseconds
    metrics["latency_\(name)_p99_ms"] = times.quantile(0.99).milliseconds
  }

  private static func call(_ client: Client, _ view: ViewKind) -> () async throws -> Void {
    switch view {
    case .direct:
      let engine = client[0]
      return { _ = try await engine.apply(noop).value }
    case .loadbalanced:
      let balanced = client.loadBalanced()
      return { _ = try await balanced.apply(noop).value }
    }
  }

  /// The durations of calls after a warm-up, which by default is a tenth of them.
  static func roundTrips(_ count: Int, warmUp: Int? = nil, call: () async throws -> Void) async throws -> [Duration] {
    for _ in 0..<(warmUp ?? max(count / 10, 10)) { try await call() }
    let clock = ContinuousClock()
    var times: [Duration] = []
    times.reserveCapacity(count)
    for _ in 0..<count { times.append(try await clock.measure { try await call() }) }
    return times
  }
}

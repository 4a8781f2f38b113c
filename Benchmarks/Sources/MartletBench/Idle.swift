import Martlet

/// Measures the resources of an idle controller with four engines.
enum Idle {
  static func measure(_ options: BenchOptions, into metrics: inout Metrics) async throws {
    let (percent, bytes) = try await BenchCluster.with(engines: 4) { cluster in
      try await Task.sleep(for: .seconds(2))
      let (start, before) = (ContinuousClock.now, cluster.controller.processorSeconds)
      try await Task.sleep(for: .seconds(options.idleSeconds))
      let spent = cluster.controller.processorSeconds - before
      return (100 * spent / (ContinuousClock.now - start).seconds, cluster.controller.residentBytes)
    }
    metrics["idle_controller_cpu_percent"] = percent
    metrics["idle_controller_rss_mb"] = Double(bytes) / 1e6
  }
}

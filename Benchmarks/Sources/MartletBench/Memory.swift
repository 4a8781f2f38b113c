import Foundation
import Martlet

/// Measures the controller's memory after numbers of tasks, and the memory of a queued task.
enum Memory {
  static func measure(_ options: BenchOptions, into metrics: inout Metrics) async throws {
    let samples = try await BenchCluster.with(engines: 2, ["--hwm=0"]) { cluster in
      var samples = [(0, cluster.controller.residentBytes)]
      var done = 0
      for checkpoint in [10_000, 100_000, 250_000, 500_000, 1_000_000] where checkpoint <= options.memoryCount {
        try await Throughput.run(cluster.client, .loadbalanced, checkpoint - done, window: options.window)
        done = checkpoint
        samples.append((done, cluster.controller.residentBytes))
      }
      return samples
    }
    for (done, bytes) in samples { metrics["controller_rss_after_\(done)_mb"] = Double(bytes) / 1e6 }
    metrics["controller_bytes_per_queued_task"] = try await queuedTaskBytes(count: 50_000)
  }

  /// Bytes per queued task: the growth of the controller's memory while its only engine is busy.
  private static func queuedTaskBytes(count: Int) async throws -> Double {
    try await BenchCluster.with(engines: 1) { cluster in
      let balanced = cluster.client.loadBalanced()
      // The first tasks make the allocator keep memory that does not belong to queued tasks.
      try await Throughput.run(cluster.client, .loadbalanced, 2_000, window: 500)
      let blocker = try balanced.apply(pause, 600)
      let before = cluster.controller.residentBytes
      let queued = try (0..<count).map { _ in try balanced.apply(noop) }
      while try await cluster.client.queueStatus().unassigned < count { try await Task.sleep(for: .milliseconds(50)) }
      let grown = cluster.controller.residentBytes - before
      return withExtendedLifetime((queued, blocker)) { Double(grown) / Double(count) }
    }
  }
}

import DequeModule
import Martlet

/// Measures no-ops per second with a window of outstanding tasks.
enum Throughput {
  static func measure(_ client: Client, _ options: BenchOptions, into metrics: inout Metrics) async throws {
    let (count, window) = (options.throughputCount, options.window)
    for view in options.views {
      metrics["throughput_\(view.rawValue)_tasks_per_s"] = try await rate(client, view, count, window: window)
    }
    // With the default high water mark of one task per engine, every task waits for a round trip.
    guard options.views.contains(.loadbalanced) else { return }
    let engines = client.ids.count
    metrics["throughput_loadbalanced_hwm0_tasks_per_s"] = try await BenchCluster.with(
      engines: engines, ["--hwm=0"]
    ) {
      try await rate($0.client, .loadbalanced, count, window: window)
    }
  }

  /// Tasks per second, after a warm-up of a tenth.
  static func rate(_ client: Client, _ view: ViewKind, _ count: Int, window: Int) async throws -> Double {
    try await run(client, view, max(count / 10, 10), window: window)
    let time = try await ContinuousClock().measure { try await run(client, view, count, window: window) }
    return Double(count) / time.seconds
  }

  /// Runs no-ops, with a window of them outstanding.
  static func run(_ client: Client, _ view: ViewKind, _ count: Int, window: Int) async throws {
    let submit = submission(client, view)
    var outstanding = Deque<AsyncResult<Int?>>()
    for number in 0..<count {
      if outstanding.count == window, let oldest = outstanding.popFirst() { _ = try await oldest.value }
      outstanding.append(try submit(number))
    }
    for result in outstanding { _ = try await result.value }
  }

  /// Submits a task with the given number. Direct tasks go to the engines in turn.
  private static func submission(_ client: Client, _ view: ViewKind) -> (Int) throws -> AsyncResult<Int?> {
    switch view {
    case .direct:
      let engines = client.ids.map { client[$0] }
      return { try engines[$0 % engines.count].apply(noop) }
    case .loadbalanced:
      let balanced = client.loadBalanced()
      return { _ in try balanced.apply(noop) }
    }
  }
}

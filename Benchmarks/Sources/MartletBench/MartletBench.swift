import ArgumentParser
import Martlet

/// Measures a cluster of this program's processes and prints one JSON object of metric -> number.
@main struct MartletBench: ClusterProgram {
  static let functions: [any RemoteCallable] = [
    noop, greet, square, squareAtOnce, squareReporting, tallies, addRepeatedly, echo, echoData, swallow, produce, pause,
    wordCount,
  ]

  static func run(_ client: Client, arguments: [String]) async throws {
    let options = try BenchOptions.parse(arguments)
    var metrics = Metrics()
    for mode in options.modes {
      switch mode {
      case .latency: try await Latency.measure(client, options, into: &metrics)
      case .throughput: try await Throughput.measure(client, options, into: &metrics)
      case .tutorial: try await Tutorial.measure(client, options, into: &metrics)
      case .payload: try await Payload.measure(client, options, into: &metrics)
      case .configurations: try await Configurations.measure(options, into: &metrics)
      case .capabilities: try await Capabilities.measure(options, into: &metrics)
      case .broadcast: try await Broadcast.measure(options, into: &metrics)
      case .memory: try await Memory.measure(options, into: &metrics)
      case .startup: try await Startup.measure(options, into: &metrics)
      case .idle: try await Idle.measure(options, into: &metrics)
      }
    }
    print(metrics.json)
  }
}

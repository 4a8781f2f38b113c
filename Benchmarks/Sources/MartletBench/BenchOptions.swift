import ArgumentParser

/// The measurements of a run.
enum BenchMode: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// On the cluster the program runs in. The other rows of the comparison have these modes, too.
  case latency, throughput, tutorial, payload
  /// On separate clusters.
  case configurations, capabilities, broadcast, memory, startup, idle

  static let compared: [BenchMode] = [.latency, .throughput, .tutorial, .payload]
}

/// The kinds of view that a measurement can use.
enum ViewKind: String, CaseIterable, ExpressibleByArgument, Sendable {
  case direct, loadbalanced
}

/// The command line without the options of every cluster program (`--engines` and those that select a cluster).
struct BenchOptions: ParsableArguments {
  @Option(
    help: """
      One of \(BenchMode.allCases.map(\.rawValue).joined(separator: ", ")); all for the first \
      \(BenchMode.compared.count).
      """)
  var mode = "all"
  @Option(help: "direct, loadbalanced or all.")
  var view = "all"
  @Option(help: "Round trips for each latency.")
  var latencyCount = 2_000
  @Option(help: "No-ops for each throughput.")
  var throughputCount = 60_000
  @Option(help: "Tasks outstanding in a throughput measurement.")
  var window = 1_000
  @Option(help: "One of the configurations, such as journal; all by default.")
  var configuration: String?
  @Option(help: "The smallest payload in bytes; each further one is ten times the one before.")
  var minPayload = 1_000
  @Option(help: "The largest payload in bytes.")
  var maxPayload = 100_000_000
  @Option(help: "The most tasks the controller's memory is watched for.")
  var memoryCount = 1_000_000
  @Option(help: "Rounds in which the capabilities are compared.")
  var capabilityRounds = 40
  @Option(help: "The most simulated engines.")
  var simulatedEngines = 1_000
  @Option(help: "How long the idle controller is watched.")
  var idleSeconds = 10.0

  func validate() throws {
    guard mode == "all" || BenchMode(rawValue: mode) != nil else { throw ValidationError("unknown mode \(mode)") }
    guard view == "all" || ViewKind(rawValue: view) != nil else { throw ValidationError("unknown view \(view)") }
    if let configuration, !Configurations.names.contains(configuration) {
      let known = Configurations.names.joined(separator: ", ")
      throw ValidationError("unknown configuration \(configuration), there are \(known)")
    }
    guard latencyCount > 0, throughputCount > 0, window > 0, minPayload > 0, capabilityRounds > 0 else {
      throw ValidationError("counts must be positive")
    }
  }

  var modes: [BenchMode] { BenchMode(rawValue: mode).map { [$0] } ?? BenchMode.compared }

  var views: [ViewKind] { ViewKind(rawValue: view).map { [$0] } ?? ViewKind.allCases }
}

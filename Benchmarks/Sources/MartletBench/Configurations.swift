import Martlet

/// Measures load-balanced throughput for several numbers of engines, high water marks, stores, security settings and
/// transports.
enum Configurations {
  private struct Setup: Sendable {
    let name: String
    var engines = 4
    var arguments: [String] = []
    var network = ClusterConfiguration.Network.local
  }

  private static let setups: [Setup] =
    [1, 2, 4, 16].flatMap { engines in
      [1, 0].map { Setup(name: "engines\(engines)_hwm\($0)", engines: engines, arguments: ["--hwm=\($0)"]) }
    } + [
      Setup(name: "defaults"),
      Setup(name: "sqlite", arguments: ["--sqlitedb"]),
      Setup(name: "nostore", arguments: ["--nodb"]),
      Setup(name: "journal", arguments: ["--journal"]),
      Setup(name: "curve", arguments: ["--enable-curve"]),
      Setup(name: "unsigned", arguments: ["--no-secure"]),
      Setup(name: "tcp", network: .address(transport: "tcp", ip: "127.0.0.1")),
    ]

  static var names: [String] { setups.map(\.name) }

  static func measure(_ options: BenchOptions, into metrics: inout Metrics) async throws {
    let (count, window) = (options.throughputCount / 5, options.window)
    for setup in setups where options.configuration == nil || setup.name == options.configuration {
      let rate = try await BenchCluster.with(engines: setup.engines, setup.arguments, network: setup.network) {
        try await Throughput.rate($0.client, .loadbalanced, count, window: window)
      }
      metrics["throughput_\(setup.name)_tasks_per_s"] = rate
    }
  }
}

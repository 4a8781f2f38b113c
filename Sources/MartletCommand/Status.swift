import ArgumentParser
import MartletCluster
import MartletWire

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show engines, queues and rates of a running cluster.")

  @OptionGroup var selection: ClusterSelection

  @Option(help: "Seconds over which rates are measured.")
  var interval = 1.0

  func run() async throws {
    let (selection, interval) = (selection, interval)
    try await perform {
      guard interval >= 0, interval <= 86_400 else {
        throw OptionError("--interval should be a number of seconds, not \(interval)")
      }
      let application = try selection.options().application
      let cluster = try ClusterCatalog.running(application.clusterID, in: application.profile, orUnknown: true)
      let connection = try cluster.files.clientConnection.read()
      let before = try await ClusterStatus.read(from: connection)
      let start = ContinuousClock.now
      try await Task.sleep(for: .seconds(interval))
      let after = try await ClusterStatus.read(from: connection)
      // Read at the end, because engines may have ended meanwhile.
      let restarts = ClusterCatalog.cluster(application.clusterID, in: application.profile)?.record?.restarts
      print(StatusReport(before: before, after: after, elapsed: start.duration(to: .now)).text)
      if let text = restarts?.summary { print(text) }
    }
  }
}

/// A cluster's status as a table, with rates computed from two readings.
struct StatusReport {
  let before: ClusterStatus
  let after: ClusterStatus
  let elapsed: Duration

  var text: String {
    let earlier = Dictionary(before.engines.map { ($0.id, $0.completed) }) { $1 }
    let rows = after.engines.map { engine in
      [
        "\(engine.id)", "\(engine.queue)", "\(engine.tasks)", "\(engine.completed)",
        rate(engine.completed - (earlier[engine.id] ?? 0)),
      ]
    }
    let table = Table(header: ["ENGINE", "QUEUE", "TASKS", "COMPLETED", "PER SECOND"], rows: rows).text
    return """
      \(table)
      \(after.engines.count.counted("engine")), \(after.unassigned.counted("task")) waiting, \(after.completed) completed, \
      \(rate(after.completed - before.completed)) per second
      """
  }

  private func rate(_ count: Int) -> String {
    let seconds = elapsed / .seconds(1)
    return "\((Double(count) / max(seconds, 0.001) * 10).rounded() / 10)"
  }
}

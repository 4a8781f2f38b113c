import ArgumentParser
import Foundation
import Logging
import MartletClient
import MartletCluster
import MartletWire

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show engines, queues and rates of a running cluster.")

  @OptionGroup var cluster: RunningCluster

  @Option(help: "Seconds over which rates are measured.")
  var interval = 1.0

  @Flag(help: "Show it again after each interval, until the cluster ends.")
  var watch = false

  @OptionGroup var output: JSONOutput

  func run() async throws {
    let (cluster, interval, watch, json) = (cluster, interval, watch, output.json)
    try await perform {
      guard interval >= (watch ? 0.1 : 0), interval <= 86_400 else {
        throw OptionError(
          "--interval should be a number of seconds\(watch ? ", at least 0.1," : ",") not \(interval)")
      }
      let application = try cluster.selection.options().application
      var configuration = ClientConfiguration()
      configuration.reconnectTimeout = .seconds(2)
      // What happens to the connection is said by how the command ends.
      configuration.logger = Logger(label: "martlet.status") { _ in SwiftLogNoOpLogHandler() }
      let client = try await cluster.connect(configuration: configuration)
      let action = StatusAction(
        client: client, clusterID: application.clusterID, profile: application.profile, interval: interval, json: json)
      do {
        try await action.run(again: watch)
      } catch {
        await client.close()
        throw error
      }
      await client.close()
    }
  }
}

/// Shows what a cluster is doing.
struct StatusAction {
  let client: Client
  let clusterID: String
  let profile: ProfileDirectory
  /// In seconds.
  let interval: Double
  let json: Bool

  /// Shows it once, or until the cluster has ended.
  func run(again: Bool) async throws {
    var before = try await ClusterStatus.read(by: client)
    repeat {
      let start = ContinuousClock.now
      try await Task.sleep(for: .seconds(interval))
      let after: ClusterStatus
      do {
        after = try await ClusterStatus.read(by: client)
      } catch let error as ClientError where again && [.closed, .controllerLost].contains(error.code) {
        return RoleExit.report("the cluster has ended")
      }
      // Read at the end, because engines may have ended meanwhile.
      let cluster = ClusterCatalog.cluster(clusterID, in: profile)
      // Whoever does not hold the groups, or holds them elsewhere, has nothing to say about them.
      let groups = (try? await cluster?.ask(.status)) ?? []
      let report = StatusReport(
        before: before, after: after, elapsed: start.duration(to: .now), restarts: cluster?.record?.restarts.summary,
        controller: cluster?.record?.controllerPlace, groups: groups, registered: Set(client.engines.map(\.uuid)))
      show(report, isRedrawn: again)
      before = after
    } while again
  }

  private func show(_ report: StatusReport, isRedrawn: Bool) {
    // A reader of a pipe sees each report at once.
    defer { fflush(nil) }
    if json { return JSONOutput.print(report.json) }
    // On a terminal, each report takes the place of the one before.
    if isRedrawn, isatty(STDOUT_FILENO) == 1 { print("\u{1B}[H\u{1B}[J", terminator: "") }
    print(report.text)
  }
}

/// A cluster's status as a table, with rates computed from two readings.
struct StatusReport {
  let before: ClusterStatus
  let after: ClusterStatus
  let elapsed: Duration
  /// What became of engines that ended.
  let restarts: String?
  /// Where the controller runs, if that isn't simply this machine.
  let controller: String?
  /// The groups of engines; empty if they are not known.
  var groups: [EngineGroupStatus] = []
  /// The uuids of the engines that are registered.
  var registered: Set<String> = []

  var text: String {
    let rows = after.engines.map { engine in
      ["\(engine.id)", "\(engine.queue)", "\(engine.tasks)", "\(engine.completed)", "\(rate(of: engine))"]
    }
    let table = Table(header: ["ENGINE", "QUEUE", "TASKS", "COMPLETED", "PER SECOND"], rows: rows).text
    return """
      \(table)
      \(after.engines.count.counted("engine")), \(after.unassigned.counted("task")) waiting, \(after.completed) completed, \
      \(totalRate) per second\(controller.map { "\nController: \($0)" } ?? "")\(restarts.map { "\n\($0)" } ?? "")\(groupText)
      """
  }

  /// A line for each group, and below them what else is to be known.
  private var groupText: String {
    guard !groups.isEmpty else { return "" }
    let rows = groups.map { group in
      [
        group.name, group.launcher, "\(group.wanted)", "\(group.started)",
        "\(group.registered(among: registered))", "\(group.leaving)",
      ]
    }
    let table = Table(header: ["GROUP", "LAUNCHER", "WANTED", "STARTED", "REGISTERED", "LEAVING"], rows: rows).text
    let notes = groups.flatMap { group in group.notes.map { "\(group.name): \($0)" } }
    return (["", "", table] + notes).joined(separator: "\n")
  }

  var json: JSONValue {
    let engines = after.engines.map { engine -> JSONValue in
      [
        "id": .int(engine.id), "queue": .int(engine.queue), "tasks": .int(engine.tasks),
        "completed": .int(engine.completed), "per_second": .double(rate(of: engine)),
      ]
    }
    return [
      "engines": .array(engines), "unassigned": .int(after.unassigned), "completed": .int(after.completed),
      "per_second": .double(totalRate),
      "groups": .array(
        groups.map { group in
          [
            "name": .string(group.name), "launcher": .string(group.launcher), "wanted": .int(group.wanted),
            "started": .int(group.started), "registered": .int(group.registered(among: registered)),
            "leaving": .int(group.leaving), "notes": .array(group.notes.map { .string($0) }),
          ]
        }), "restarts": restarts.map { .string($0) } ?? .null,
      "controller": controller.map { .string($0) } ?? .null,
    ]
  }

  private var totalRate: Double { rate(after.completed - before.completed) }

  private func rate(of engine: ClusterStatus.Engine) -> Double {
    rate(engine.completed - (before.engines.first { $0.id == engine.id }?.completed ?? 0))
  }

  private func rate(_ count: Int) -> Double {
    (Double(count) / max(elapsed / .seconds(1), 0.001) * 10).rounded() / 10
  }
}

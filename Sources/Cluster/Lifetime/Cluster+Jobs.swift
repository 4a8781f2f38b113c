import MartletClient
import MartletWire

extension Cluster {
  /// Tells the hub that engines are gone before their job's scheduler says how it ended.
  func tellDeparture(of job: BatchJob, with uuids: [String]) async {
    for await _ in job.departures {
      guard takesEngines, !hasNoController, let connection = try? record.files.engineConnection.read() else { return }
      try? await EngineObituary(uuids: uuids, reason: "its \(job.kind) is gone").send(to: connection)
      return
    }
  }

  /// Has the engines of jobs end at once. A scheduler that cancels a job sends them one SIGTERM, after which they finish what
  /// they run, and nobody waits for that any more.
  func endEnginesOfJobs() async {
    let uuids = Set(engines.filter { $0.value is BatchJob }.flatMap { places[$0.key]?.uuids ?? [] })
    guard !uuids.isEmpty, !hasNoController, let connection = try? clientConnection() else { return }
    var options = ClientConfiguration()
    options.connectTimeout = .seconds(2)
    options.queryTimeout = .seconds(2)
    guard let client = try? await Client.connect(connection, configuration: options) else { return }
    let ids = client.engines.filter { uuids.contains($0.uuid) }.map(\.id)
    // Those that do not hear it are cancelled all the same.
    if !ids.isEmpty { try? await client.shutdown(engines: .ids(ids)) }
    await client.close()
  }
}

import Foundation
import Logging
import MartletWire
import MartletZeroMQ

extension Cluster {
  /// Starts more engines on this machine in a running cluster, without waiting for them to register.
  ///
  /// - Returns: the name of the new engine set.
  /// - Throws: ``ClusterError`` when the cluster isn't running or a process can't be started.
  @discardableResult
  public func addEngines(_ count: Int) async throws -> String { try await addEngines(.local(count)) }

  /// Starts a group of engines in a running cluster, without waiting for them to register.
  ///
  /// - Returns: the name of the new engine set.
  /// - Throws: ``ClusterError`` when the cluster isn't running or the engines can't be started.
  @discardableResult
  public func addEngines(_ group: EngineGroup) async throws -> String {
    guard state == .running else {
      throw ClusterError("engines can only join a running cluster, this one is \(state.rawValue)")
    }
    let set = try await launchEngines(group)
    startAutoscaling()
    return set
  }

  /// The number of engines that were started and have not ended, registered or not.
  public var engineProcessCount: Int { engines.keys.reduce(0) { $0 + (places[$1]?.uuids.count ?? 0) } }

  /// Starts a new group of engines.
  ///
  /// - Returns: the name of its engine set.
  @discardableResult
  func launchEngines(_ group: EngineGroup) async throws -> String {
    let name = groupTable.add(group)
    return try await launchSet(of: name, group)
  }

  /// Starts a set of a group's engines.
  ///
  /// - Returns: its name.
  @discardableResult
  func launchSet(of name: String, _ group: EngineGroup) async throws -> String {
    let set = newSet(of: name, group)
    try await launch(Array(0..<group.launchCount), of: set)
    return set
  }

  /// A set of a group's engines, of which none is started yet.
  func newSet(of name: String, _ group: EngineGroup) -> String {
    let set = nextEngineSetID()
    groups[set] = group
    groupTable[name]?.sets.append(set)
    return set
  }

  /// Starts some of a set's engines. If one can't be started, the others are stopped.
  func launch(_ numbers: [Int], of set: String) async throws {
    guard let group = groups[set], !numbers.isEmpty else { return }
    do {
      try await withThrowingTaskGroup { tasks in
        for lane in group.lanes(of: numbers) {
          tasks.addTask { for number in lane { try await self.launchEngine(EngineKey(set: set, number: number)) } }
        }
        try await tasks.waitForAll()
      }
      try record.write()
    } catch {
      let started = numbers.map { EngineKey(set: set, number: $0) }.filter { engines[$0] != nil }
      for key in started {
        let uuids = places[key]?.uuids ?? []
        places[key]?.leaving = Set(uuids)
      }
      await Self.stop(started.compactMap { engines[$0] })
      throw error
    }
  }

  func launchEngine(_ key: EngineKey) async throws {
    guard var group = groups[key.set] else { throw ClusterError("there is no engine set \(key.set)") }
    group.exclude(nodesLeftOut(of: group)?.names ?? [])
    var context = configuration.launchContext(set: key.set)
    context.sockets = record.socketDirectory
    let launch = try group.launch(key.number, in: context)
    let files = record.files
    if case .container(_, let launcher) = launch.kind, record.dockerCommands.insert(launcher.command).inserted {
      // Containers may outlive this process if it is killed.
      try record.write()
    }
    let running = try await launch.start(
      connection: { try files.engineConnection.read() }, grace: configuration.stopGrace)
    if let remote = running as? RemoteEngine {
      try await remote.waitUntilConnected { [weak self] in await self?.takesEngines ?? false }
    }
    try await stopUnlessWanted(running)
    engines[key] = running
    places[key] = EnginePlace(uuids: launch.uuids)
    restarts.started(key, at: .now)
    record.add(running.entry(engines: launch.uuids.count), set: key.set, number: key.number)
    // A job outlives this process if it is killed.
    if case .job = launch.kind { try record.write() }
    Task { await self.engineEnded(key, await running.status) }
    if let job = running as? BatchJob { Task { await self.tellDeparture(of: job, with: launch.uuids) } }
  }

  var takesEngines: Bool { state == .starting || state == .running }

  /// The seconds since 1970, as in ipyparallel, but always greater than the last id.
  private func nextEngineSetID() -> String {
    lastEngineSet = max(lastEngineSet + 1, Int(Date().timeIntervalSince1970))
    return "\(lastEngineSet)"
  }

  private func engineEnded(_ key: EngineKey, _ status: ExitStatus) async {
    guard let ended = engines.removeValue(forKey: key) else { return }
    record.remove(set: key.set, number: key.number)
    guard takesEngines else { return }
    var end = EngineEnd(of: ended.kind, status: status, log: ended.log)
    end.isQuick = !restarts.isSteady(key, at: .now)
    let uuids = places[key]?.uuids ?? []
    places[key]?.end = end
    if let job = ended as? BatchJob { note(job, end, at: key) }
    let isWanted = end.isWanted || places[key]?.staying.isEmpty ?? false
    let what = uuids.count == 1 ? "an engine" : "\(uuids.count) engines"
    if end.wantsReplacement, !isWanted, configuration.restartsEngines, !hasNoController {
      replace(key, end.reason)
    } else {
      if !isWanted { hasFailed = true }
      restartLater(
        key, "\(what) ended: \(end.reason)", end.reason, log: ended.log, isWanted: !isWanted,
        isCutOff: ended is RemoteEngine && end.isUnknown)
    }
    if places[key]?.staying.isEmpty ?? false {
      places[key] = nil
      endings[key] = nil
    }
    saveEngines()
    processEnded()
    guard !hasNoController else { return }
    do {
      let connection = try record.files.engineConnection.read()
      try await EngineObituary(uuids: uuids, reason: end.reason).send(to: connection)
    } catch {
      logger.warning("the hub was not told that an engine ended: \(error)")
    }
  }
}

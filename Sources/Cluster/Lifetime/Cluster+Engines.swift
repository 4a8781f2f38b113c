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
    return try await launchEngines(group)
  }

  /// The number of engines that were started and have not ended, registered or not.
  public var engineProcessCount: Int { engines.keys.reduce(0) { $0 + (places[$1]?.uuids.count ?? 0) } }

  /// Starts a set of engines.
  @discardableResult
  func launchEngines(_ group: EngineGroup) async throws -> String {
    let set = nextEngineSetID()
    groups[set] = group
    do {
      try await withThrowingTaskGroup { tasks in
        for lane in group.lanes {
          tasks.addTask { for number in lane { try await self.launchEngine(EngineKey(set: set, number: number)) } }
        }
        try await tasks.waitForAll()
      }
      try record.write()
    } catch {
      await Self.stop(engines.filter { $0.key.set == set }.map(\.value))
      throw error
    }
    return set
  }

  private func launchEngine(_ key: EngineKey) async throws {
    guard let group = groups[key.set] else { throw ClusterError("there is no engine set \(key.set)") }
    let launch = try group.launch(key.number, in: configuration.launchContext(set: key.set))
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
  }

  private var takesEngines: Bool { state == .starting || state == .running }

  /// The seconds since 1970, as in ipyparallel, but always greater than the last id.
  private func nextEngineSetID() -> String {
    lastEngineSet = max(lastEngineSet + 1, Int(Date().timeIntervalSince1970))
    return "\(lastEngineSet)"
  }

  private func engineEnded(_ key: EngineKey, _ status: ExitStatus) async {
    guard let ended = engines.removeValue(forKey: key) else { return }
    record.remove(set: key.set, number: key.number)
    guard takesEngines else { return }
    let end = EngineEnd(of: ended.kind, status: status, log: ended.log)
    let uuids = places[key]?.uuids ?? []
    places[key]?.end = end
    if !end.isWanted { hasFailed = true }
    let what = uuids.count == 1 ? "an engine" : "\(uuids.count) engines"
    restartLater(key, "\(what) ended: \(end.reason)", log: ended.log, isWanted: !end.isWanted)
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

  // MARK: - Starting engines again

  /// Notes the end of an engine, and has it started again if the cluster does that.
  ///
  /// - Parameter isWanted: false for an engine that ended on purpose.
  private func restartLater(_ key: EngineKey, _ what: String, log: String, isWanted: Bool) {
    guard configuration.restartsEngines, isWanted, !hasNoController else {
      restarts.left(key)
      let none = engines.isEmpty && restarts.counts.waiting == 0 ? "; no engine is left" : ""
      return logger.warning("\(what); its log is \(log)\(none)")
    }
    switch restarts.ended(key, at: .now) {
    case .restart(let delay):
      logger.warning("\(what), it is started again in \(delay); its log is \(log)")
      restart(key, after: delay)
    case .giveUp(let ends):
      logger.error("\(what), it is given up because it ended \(ends) times soon after its start; its log is \(log)")
    }
  }

  private func restart(_ key: EngineKey, after delay: Duration) {
    restartTasks[key] = Task {
      guard (try? await Task.sleep(for: delay)) != nil else { return }
      await self.restart(key)
    }
  }

  private func restart(_ key: EngineKey) async {
    do {
      try await launchEngine(key)
    } catch {
      guard takesEngines else { return }
      restartLater(key, "an engine can't be started again: \(error)", log: configuration.profile.log, isWanted: true)
    }
    saveEngines()
  }

  private func saveEngines() {
    record.restarts = restarts.counts
    do {
      try record.write()
    } catch {
      logger.warning("\(error)")
    }
  }
}

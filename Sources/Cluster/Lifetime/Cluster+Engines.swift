import Foundation
import Logging
import MartletWire
import MartletZeroMQ

extension Cluster {
  /// Starts more engines in a running cluster, without waiting for them to register.
  ///
  /// - Returns: the name of the new engine set.
  /// - Throws: ``ClusterError`` when the cluster isn't running or a process can't be started.
  @discardableResult
  public func addEngines(_ count: Int) async throws -> String {
    guard state == .running else {
      throw ClusterError("engines can only join a running cluster, this one is \(state.rawValue)")
    }
    return try await launchEngines(count)
  }

  /// The number of running engine processes, registered or not.
  public var engineProcessCount: Int { engines.count }

  /// Starts a set of engines.
  @discardableResult
  func launchEngines(_ count: Int) async throws -> String {
    let set = nextEngineSetID()
    do {
      for number in 0..<count { try await launchEngine(EngineKey(set: set, number: number)) }
      try record.write()
    } catch {
      await Self.stop(engines.filter { $0.key.set == set }.map(\.value))
      throw error
    }
    return set
  }

  private func launchEngine(_ key: EngineKey) async throws {
    let uuid = Session.randomID()
    let arguments = ["engine"] + sharedArguments + configuration.python.engineArguments + configuration.engineArguments
    let child = try await ChildProcess.launch(
      configuration.engineProgram.adding(arguments), environment: EngineOptions.environment(uuid: uuid),
      log: "\(configuration.profile.log)/ipengine-\(configuration.clusterID)-\(key.set)-\(key.number).log",
      grace: configuration.stopGrace)
    try await stopUnlessWanted(child)
    engines[key] = child
    places[key] = EnginePlace(uuid: uuid)
    restarts.started(key, at: .now)
    record.engineSets[key.set, default: [:]][key.number] = .init(pid: child.pid, log: child.log)
    Task { await self.engineEnded(key, await child.status) }
  }

  /// The seconds since 1970, as in ipyparallel, but always greater than the last id.
  private func nextEngineSetID() -> String {
    lastEngineSet = max(lastEngineSet + 1, Int(Date().timeIntervalSince1970))
    return "\(lastEngineSet)"
  }

  private func engineEnded(_ key: EngineKey, _ status: ExitStatus) async {
    let child = engines.removeValue(forKey: key)
    let log = child?.log ?? ""
    record.engineSets[key.set]?[key.number] = nil
    if record.engineSets[key.set]?.isEmpty ?? false { record.engineSets[key.set] = nil }
    guard state == .starting || state == .running else { return }
    let end = EngineEnd(pid: child?.pid ?? 0, status: status, log: log)
    let uuid = places[key]?.uuid
    places[key]?.end = end
    if !end.isWanted { hasFailed = true }
    restartLater(key, "an engine ended: \(end.reason)", log: log, isWanted: !end.isWanted)
    saveEngines()
    processEnded()
    guard let uuid, !hasNoController else { return }
    do {
      let connection = try record.files.engineConnection.read()
      try await EngineObituary(uuid: uuid, reason: end.reason).send(to: connection)
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
      guard state == .starting || state == .running else { return }
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

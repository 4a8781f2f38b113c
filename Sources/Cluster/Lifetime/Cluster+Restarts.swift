import Logging
import MartletWire

/// Starting engines again that ended unexpectedly.
extension Cluster {
  /// Notes the end of an engine, and has it started again if the cluster does that.
  ///
  /// - Parameters:
  ///   - what: what has happened, a sentence without its end.
  ///   - reason: how it ended, as a clause.
  ///   - isWanted: false for an engine that ended on purpose.
  ///   - isCutOff: whether it ended because its connection did.
  ///   - hasStarted: false for an engine that could not be started.
  func restartLater(
    _ key: EngineKey, _ what: String, _ reason: String, log: String, isWanted: Bool, isCutOff: Bool = false,
    hasStarted: Bool = true
  ) {
    guard configuration.restartsEngines, isWanted, !hasNoController else {
      restarts.left(key)
      restartTasks[key] = nil
      guard isWanted else { return logger.info("\(what)") }
      note(key, reason, .staysAway)
      let none = engines.isEmpty && restarts.counts.waiting == 0 ? "; no engine is left" : ""
      return logger.warning("\(what); its log is \(log)\(none)")
    }
    if let pause = pauseOfHost(after: key, reason, isCutOff) ?? (hasStarted ? nil : pauseOfNodes(for: key)) {
      restarts.postponed(key)
      note(key, reason, .waits)
      logger.warning("\(what), it is started again in \(pause), when the host is no more left out; its log is \(log)")
      return restart(key, after: pause)
    }
    switch restarts.ended(key, at: .now) {
    case .restart(let delay):
      note(key, reason, .waits)
      logger.warning("\(what), it is started again in \(delay); its log is \(log)")
      restart(key, after: delay)
    case .giveUp(let ends):
      restartTasks[key] = nil
      note(key, reason, .givenUp)
      logger.error("\(what), it is given up because it ended \(ends) times soon after its start; its log is \(log)")
    }
  }

  /// Has another engine take the place of one that has retired, at once: it has worked well, however soon that was.
  func replace(_ key: EngineKey, _ reason: String) {
    restarts.postponed(key)
    note(key, reason, .waits)
    logger.info("an engine is replaced: \(reason)")
    restart(key, after: .zero)
  }

  private func note(_ key: EngineKey, _ reason: String, _ fate: EngineEnding.Fate) {
    endings[key] = EngineEnding(reason: reason, count: (endings[key]?.count ?? 0) + 1, fate: fate)
  }

  /// Notes an end on a host.
  ///
  /// - Returns: for how long the host is left out; `nil` if it isn't, or if the engine has no host of its own.
  private func pauseOfHost(after key: EngineKey, _ reason: String, _ isCutOff: Bool) -> Duration? {
    guard let host = host(of: key) else { return nil }
    let now = ContinuousClock.now
    let isQuick = !restarts.isSteady(key, at: now)
    if let pause = health.ended(on: host, isQuick: isQuick, isCutOff: isCutOff, reason: reason, at: now) {
      logger.error("the host \(host) is left out for \(pause), because engines fail there at once: \(reason)")
    }
    return health.pause(of: host, at: now)
  }

  /// The host of an engine that ssh has started.
  func host(of key: EngineKey) -> String? {
    guard case .ssh(let launcher) = groups[key.set]?.launcher else { return nil }
    let places = launcher.places
    return places.indices.contains(key.number) ? places[key.number].name : nil
  }

  /// An engine that waits for its next start is not started again.
  func forget(_ key: EngineKey) {
    restartTasks.removeValue(forKey: key)?.cancel()
    restarts.left(key)
    places[key] = nil
    endings[key] = nil
    saveEngines()
  }

  private func restart(_ key: EngineKey, after delay: Duration) {
    restartTasks[key] = Task {
      guard (try? await Task.sleep(for: delay)) != nil, (try? await self.waitForController()) != nil else { return }
      await self.restart(key)
    }
  }

  private func restart(_ key: EngineKey) async {
    do {
      try await launchEngine(key)
      restartTasks[key] = nil
      endings[key]?.fate = .restarted
    } catch {
      guard takesEngines else { return }
      restartLater(
        key, "an engine can't be started again: \(error)", "it can't be started: \(error)",
        log: configuration.profile.log, isWanted: true, hasStarted: false)
    }
    saveEngines()
  }

  /// Writes what runs, and how often engines were started again, to the cluster file.
  func saveEngines() {
    record.restarts = restarts.counts
    do {
      try record.write()
    } catch {
      logger.warning("\(error)")
    }
  }

  /// What became of a group's engines that ended, and the hosts that are left out.
  func notes(on group: GroupTable.Group) -> [String] {
    let ended = endings.filter { group.sets.contains($0.key.set) }
      .sorted { ($0.key.set, $0.key.number) < ($1.key.set, $1.key.number) }
    var notes = ended.prefix(Self.listedNotes).map { key, ending in
      ending.note((places[key]?.uuids.count ?? 1) > 1 ? "a job" : "an engine")
    }
    if ended.count > notes.count { notes.append("and \(ended.count - notes.count) more like these") }
    switch group.template.launcher {
    case .ssh(let launcher):
      let left = health.notes(at: .now)
      for host in launcher.hosts { if let note = left[host.name] { notes.append("host \(host.name) is \(note)") } }
    case .batch(let launcher):
      let left = (nodeHealth[launcher.system]?.notes(at: .now) ?? [:]).sorted { $0.key < $1.key }
      notes += left.map { "node \($0.key) is \($0.value)" }
    case .local, .mpi, .docker: break
    }
    return notes
  }

  /// How many ends are described.
  private static let listedNotes = 8
}

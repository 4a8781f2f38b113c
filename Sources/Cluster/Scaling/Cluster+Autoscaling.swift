import Logging
import MartletClient
import MartletWire

/// Groups of engines that grow and shrink by themselves.
extension Cluster {
  /// Has a group grow and shrink by itself from now on, or stops that.
  ///
  /// - Parameters:
  ///   - scaling: between how many engines; `nil` to leave the group as it is from now on.
  ///   - group: its name; `nil` for the only group.
  /// - Returns: the group.
  /// - Throws: ``ClusterError`` when there is no such group.
  @discardableResult
  public func autoscale(_ scaling: EngineScaling?, group: String? = nil) throws -> EngineGroupStatus {
    let name = try groupTable.resolve(group)
    let limit = groupTable[name]?.template.engineLimit ?? 0
    groupTable[name]?.autoscaler = scaling.map { Autoscaler($0, limit: limit) }
    startAutoscaling()
    guard let status = status(of: name) else { throw ClusterError("there is no group '\(name)' of engines") }
    return status
  }

  /// Watches the groups that grow and shrink by themselves, if there are any and nobody watches them.
  func startAutoscaling() {
    guard state == .running, autoscaling == nil, !groupTable.autoscaled.isEmpty else { return }
    autoscaling = Task {
      await self.watchGroups()
      self.autoscaling = nil
      // Bounds may have been set while it ended.
      self.startAutoscaling()
    }
  }

  private func watchGroups() async {
    var client: Client?
    var problem = ""
    while state == .running, !groupTable.autoscaled.isEmpty, (try? await Task.sleep(for: Self.lookInterval)) != nil {
      do {
        let connected = if let client { client } else { try await Client.connect(try clientConnection()) }
        client = connected
        try await look(connected)
        problem = ""
      } catch {
        // A controller that is started again is missing for a while.
        if !Task.isCancelled, problem != "\(error)" {
          problem = "\(error)"
          logger.warning("the groups of engines can't be looked at: \(error)")
        }
        await client?.close()
        client = nil
      }
    }
    await client?.close()
  }

  private func look(_ client: Client) async throws {
    let status = try await client.queueStatus()
    let registered = Dictionary(client.engines.map { ($0.uuid, $0) }) { $1 }
    for name in groupTable.autoscaled where groupTable[name]?.isChanging == false {
      guard let group = groupTable[name]?.template else { continue }
      let lifetime = groupTable[name]?.lifetime ?? configuration.lifetime(of: group)
      groupTable[name]?.lifetime = lifetime
      let backlog = try await client.backlog(
        for: group.resources, time: lifetime.left(at: .now).map(Autoscaler.usable))
      guard let seen = observation(of: name, status, backlog, registered.mapValues(\.id)),
        groupTable[name]?.isChanging == false
      else { continue }
      switch groupTable[name]?.autoscaler?.step(seen, at: .now) {
      case nil: break
      case .grow(let count):
        perform(name) { cluster in _ = try await cluster.inTurn(name) { try await $0.change(.to(count), $1) } }
      case .callOff(let places):
        perform(name) { cluster in try await cluster.inTurn(name) { await $0.callOff(places, of: $1) } }
      case .shrink(let uuids):
        let leaving = uuids.compactMap { registered[$0] }
        perform(name) { cluster in try await cluster.inTurn(name) { try await $0.release(leaving, of: $1, client) } }
      }
    }
  }

  /// Changes a group while the others are looked at.
  private func perform(_ name: String, _ change: @escaping @Sendable (Cluster) async throws -> Void) {
    groupTable[name]?.isChanging = true
    Task {
      do {
        try await change(self)
      } catch {
        if self.state == .running {
          self.logger.warning("the group \(name) can't be changed: \(error)")
          self.groupTable[name]?.autoscaler?.failed(at: .now)
        }
      }
      self.groupTable[name]?.isChanging = false
    }
  }

  private func observation(
    of name: String, _ status: QueueStatus, _ backlog: (queued: Int, unmet: Int), _ ids: [String: Int]
  ) -> Autoscaler.Observation? {
    guard let group = groupTable[name] else { return nil }
    var seen = Autoscaler.Observation(
      starting: waitingCount(in: name), queued: backlog.queued, unmet: backlog.unmet)
    if case .mpi = group.template.launcher { seen.endsTogether = true }
    for (key, running) in engines where group.sets.contains(key.set) {
      let staying = places[key]?.staying ?? []
      if running is BatchJob, running.delay != nil, !staying.isEmpty, staying.allSatisfy({ ids[$0] == nil }) {
        seen.waiting.append(.init(place: key, count: staying.count))
      }
      for uuid in staying {
        if let load = ids[uuid].flatMap({ status.engines[$0] }) {
          seen.engines.append(Autoscaler.Engine(uuid: uuid, place: key, load: load.queue + load.tasks))
        } else {
          seen.starting += 1
        }
      }
    }
    seen.ends = endings.reduce(0) { $0 + (group.sets.contains($1.key.set) ? $1.value.count : 0) }
    return seen
  }

  /// Cancels jobs that still wait.
  private func callOff(_ keys: [EngineKey], of name: String) async {
    for key in keys {
      guard let job = engines[key] as? BatchJob, let uuids = places[key]?.staying, !uuids.isEmpty else { continue }
      // Before it ends: that it does is meant.
      dismiss(uuids, at: key)
      if await job.callOff() {
        groupTable[name]?.wanted -= uuids.count
        logger.notice("\(job.kind) is cancelled: there is no work any more for which it waits")
      } else {
        keep(uuids, at: key)
      }
    }
    saveEngines()
  }

  /// Has idle engines leave, unless they are in use.
  private func release(_ leaving: [RegisteredEngine], of name: String, _ client: Client) async throws {
    let uuids = Set(leaving.map(\.uuid))
    let byPlace = engines.keys.map { key in (key, (places[key]?.staying ?? []).filter(uuids.contains)) }
      .filter { !$0.1.isEmpty }
    // Before they are told: what ends afterwards was meant to.
    for (key, some) in byPlace { dismiss(some, at: key) }
    var staying: Set<String> = []
    do {
      if groupTable[name]?.autoscaler?.scaling.endsUsedEngines ?? false {
        try await client.shutdown(engines: .ids(leaving.map(\.id)), graceful: true)
      } else {
        staying = try await client.shutdownUnused(leaving)
      }
    } catch {
      for (key, some) in byPlace { keep(some, at: key) }
      throw error
    }
    for (key, some) in byPlace { keep(some.filter(staying.contains), at: key) }
    groupTable[name]?.autoscaler?.stayed(staying, at: .now)
    let count = uuids.count - staying.count
    groupTable[name]?.wanted -= count
    if count > 0 { logger.notice("\(count.counted("idle engine")) of the group \(name) may leave") }
    saveEngines()
  }

  private static let lookInterval = Duration.seconds(1)
}

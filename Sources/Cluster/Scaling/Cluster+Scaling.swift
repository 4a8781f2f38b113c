import Logging
import MartletClient
import MartletWire

/// Changing the number of engines while the cluster runs.
extension Cluster {
  /// The groups of engines, in the order in which they were added.
  public var engineGroups: [EngineGroupStatus] { groupTable.names.compactMap { status(of: $0) } }

  /// Gives a group another number of engines: starts some, without waiting for them to register, or has some leave.
  ///
  /// Those leave first that have not registered, then those that are idle. One that is busy finishes what it runs, and what
  /// waits there runs elsewhere; see `EngineConfiguration.grace`. The call returns when they have been told. A group that grew
  /// and shrank by itself does so no more, see ``autoscale(_:group:)``.
  ///
  /// - Parameters:
  ///   - count: how many engines the group is to have.
  ///   - group: its name; `nil` for the only group.
  /// - Returns: the group.
  /// - Throws: ``ClusterError`` when the cluster isn't running, there is no such group, or engines can't be started or told.
  @discardableResult
  public func scale(to count: Int, group: String? = nil) async throws -> EngineGroupStatus {
    try await scale(.to(count), group: group)
  }

  @discardableResult
  func scale(_ size: ControlRequest.Size, group: String?) async throws -> EngineGroupStatus {
    let name = try groupTable.resolve(group)
    groupTable[name]?.autoscaler = nil
    return try await inTurn(name) { try await $0.change(size, $1) }
  }

  /// Changes a group when earlier changes of it are done.
  func inTurn<Output: Sendable>(
    _ name: String, _ change: @escaping @Sendable (isolated Cluster, String) async throws -> Output
  ) async throws -> Output {
    let previous = groupTable[name]?.changes
    let turn = Task {
      await previous?.value
      guard self.state == .running else {
        throw ClusterError("only a running cluster can be scaled, this one is \(self.state.rawValue)")
      }
      return try await change(self, name)
    }
    groupTable[name]?.changes = Task { _ = try? await turn.value }
    return try await turn.value
  }

  func change(_ size: ControlRequest.Size, _ name: String) async throws -> EngineGroupStatus {
    guard let before = status(of: name) else { throw ClusterError("there is no group '\(name)' of engines") }
    let wanted = size.applied(to: before.wanted)
    let difference = wanted - before.started - waitingCount(in: name)
    groupTable[name]?.wanted = wanted
    do {
      if difference > 0 { try await grow(name, by: difference) }
      if difference < 0 { try await shrink(name, by: -difference) }
    } catch {
      // Nothing tries again by itself.
      if let status = status(of: name) { groupTable[name]?.wanted = status.started + waitingCount(in: name) }
      throw error
    }
    logger.notice("the group \(name) is to have \(wanted.counted("engine"))")
    return status(of: name) ?? before
  }

  func status(of name: String) -> EngineGroupStatus? {
    guard let group = groupTable[name] else { return nil }
    var status = EngineGroupStatus(
      name: name, launcher: group.template.launcher.name, wanted: group.wanted, started: 0)
    for (key, running) in engines.sorted(by: { ($0.key.set, $0.key.number) < ($1.key.set, $1.key.number) })
    where group.sets.contains(key.set) {
      guard let place = places[key] else { continue }
      status.started += place.staying.count
      status.leaving += place.uuids.count - place.staying.count
      status.uuids += place.staying
      if let delay = running.delay { status.notes.append("\(running.kind) waits: \(delay)") }
    }
    if let problem = group.problem { status.notes.append("it is tried again: \(problem)") }
    if let scaling = group.autoscaler?.scaling { status.notes.append(scaling.note) }
    status.notes += notes(on: group)
    return status
  }

  /// How many engines of a group wait for their next start.
  func waitingCount(in name: String) -> Int {
    waitingPlaces(in: name).reduce(0) { $0 + (places[$1]?.staying.count ?? 0) }
  }

  private func waitingPlaces(in name: String) -> [EngineKey] {
    let sets = groupTable[name]?.sets ?? []
    return restartTasks.keys.filter { sets.contains($0.set) && engines[$0] == nil }
  }

  // MARK: - More

  func grow(_ name: String, by count: Int) async throws {
    guard var template = groupTable[name]?.template else { return }
    switch template.launcher {
    case .mpi, .batch:
      template.count = count
      try await launchSet(of: name, template)
    case .local, .docker, .ssh:
      let set = groupTable[name]?.sets.first ?? newSet(of: name, template)
      let numbers = Array(
        (0..<template.placeLimit).lazy.filter { self.isFree(EngineKey(set: set, number: $0)) }.prefix(count))
      guard numbers.count == count else {
        throw ClusterError(
          "the hosts of the group \(name) have places for \(numbers.count.counted("more engine")), not for \(count)")
      }
      try await launch(numbers, of: set)
    }
  }

  private func isFree(_ key: EngineKey) -> Bool {
    engines[key] == nil && restartTasks[key] == nil
      && host(of: key).flatMap { health.pause(of: $0, at: .now) } == nil
  }

  // MARK: - Fewer

  private func shrink(_ name: String, by count: Int) async throws {
    guard let group = groupTable[name] else { return }
    var left = count
    for key in waitingPlaces(in: name) where left > 0 {
      guard let place = places[key], place.staying.count <= left else { continue }
      left -= place.staying.count
      forget(key)
    }
    guard left > 0 else { return }
    let client = try await Client.connect(try clientConnection())
    do {
      let candidates = try await candidates(in: group, client)
      var endsTogether = false
      if case .mpi = group.template.launcher { endsTogether = true }
      let departures = Departures(left, among: candidates, endsTogether: endsTogether)
      let ids = Dictionary(client.engines.map { ($0.uuid, $0.id) }) { $1 }
      for key in departures.places { dismiss(places[key]?.uuids ?? [], at: key) }
      for (key, chosen) in Dictionary(
        grouping: candidates.filter { departures.engines.contains($0.uuid) }, by: \.place)
      {
        dismiss(chosen.map(\.uuid), at: key)
      }
      let told = departures.engines.compactMap { ids[$0] }
      let missing = left - told.count - candidates.count { departures.places.contains($0.place) }
      if !told.isEmpty { try await client.shutdown(engines: .ids(told), graceful: true) }
      await Self.stop(departures.places.compactMap { engines[$0] })
      if missing > 0 { logger.warning("\(missing.counted("engine")) can't be told to leave: they have not registered") }
    } catch {
      await client.close()
      throw error
    }
    await client.close()
    saveEngines()
  }

  private func candidates(in group: GroupTable.Group, _ client: Client) async throws -> [Departures.Candidate] {
    let loads = try await client.queueStatus().engines
    let ids = Dictionary(client.engines.map { ($0.uuid, $0.id) }) { $1 }
    return engines.keys.filter { group.sets.contains($0.set) }.flatMap { key in
      (places[key]?.staying ?? []).map { uuid in
        let load = ids[uuid].flatMap { loads[$0] }
        return Departures.Candidate(
          uuid: uuid, place: key, isRegistered: ids[uuid] != nil, load: load.map { $0.queue + $0.tasks } ?? 0)
      }
    }
  }

  /// Notes that engines leave on purpose.
  func dismiss(_ uuids: [String], at key: EngineKey) {
    places[key]?.leaving.formUnion(uuids)
    endings[key] = nil
    countStaying(at: key)
  }

  /// Notes that engines stay after all.
  func keep(_ uuids: some Sequence<String>, at key: EngineKey) {
    places[key]?.leaving.subtract(uuids)
    countStaying(at: key)
  }

  private func countStaying(at key: EngineKey) {
    guard let staying = places[key]?.staying.count, let running = engines[key] else { return }
    // A job that ends before the others of it do is started again with these alone.
    groups[key.set]?.shrink(to: staying)
    record.add(running.entry(engines: staying), set: key.set, number: key.number)
  }
}

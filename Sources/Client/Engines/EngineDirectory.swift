/// The engines a client knows, kept current by the hub's notifications.
struct EngineDirectory: Sendable {
  /// The most engines that are remembered after they have left. Each takes some 100 bytes, and those of the reason.
  static let departedLimit = 16_384

  /// The longest metadata that is kept for each engine, in bytes.
  private static let keptMetadata = 512

  private struct Departed {
    let id: Int
    let reason: String?
  }

  private var byID: [Int: RegisteredEngine] = [:]
  private var idsByUUID: [String: Int] = [:]
  /// The engines that have left, by uuid.
  private var departed = RecentTable<String, Departed>(limit: departedLimit)
  /// The metadata of the latest request for one engine alone, and what it was made from.
  private var boundMetadata: [Int: (plain: [UInt8], bound: [UInt8])] = [:]
  /// What has changed since this was last taken.
  private(set) var changes: [ClusterEvent] = []
  /// The registered engines in the order of their ids.
  private(set) var engines: [RegisteredEngine] = []

  /// The ids of the registered engines in order.
  var ids: [Int] { engines.map(\.id) }

  /// How many engines are remembered, including those that have left.
  var rememberedCount: Int { byID.count + departed.count }

  /// Returns what has changed since the last time, and forgets it.
  mutating func takeChanges() -> [ClusterEvent] {
    defer { changes = [] }
    return changes
  }

  /// Adds an engine.
  ///
  /// - Parameter isNews: whether this is newer than all that was heard of the engine. Otherwise, one that has left is not
  ///   added again: the hub's list may be older than the notification of the engine's departure.
  mutating func register(id: Int, uuid: String, isNews: Bool = false) {
    guard byID[id]?.uuid != uuid, isNews || departed[uuid] == nil else { return }
    unregister(id: id)
    // An engine that registers again may get another id.
    if let former = idsByUUID[uuid] { unregister(id: former) }
    _ = departed.removeValue(for: uuid)
    let engine = RegisteredEngine(id: id, uuid: uuid)
    byID[id] = engine
    idsByUUID[uuid] = id
    engines.insert(engine, at: position(of: id))
    changes.append(.engineJoined(engine))
  }

  /// Replaces all engines, after notifications may have been missed.
  mutating func replace(with current: [Int: String]) {
    for engine in engines where current[engine.id] != engine.uuid { unregister(id: engine.id) }
    for (id, uuid) in current { register(id: id, uuid: uuid, isNews: true) }
  }

  /// Removes an engine.
  ///
  /// - Parameter reason: how its process ended, if that is known.
  /// - Returns: the engine, or `nil` if it was unknown.
  @discardableResult
  mutating func unregister(id: Int, reason: String? = nil) -> RegisteredEngine? {
    guard let engine = byID.removeValue(forKey: id) else { return nil }
    idsByUUID[engine.uuid] = nil
    boundMetadata[id] = nil
    departed.insert(Departed(id: id, reason: reason), for: engine.uuid)
    engines.remove(at: position(of: id))
    changes.append(.engineLeft(engine, reason: reason))
    byID.releaseUnusedCapacity()
    idsByUUID.releaseUnusedCapacity()
    boundMetadata.releaseUnusedCapacity()
    return engine
  }

  /// Whether an engine is there.
  func isRegistered(_ engine: RegisteredEngine) -> Bool {
    // It may have another id now; the text is hashed only then.
    hasUnderItsID(engine) || idsByUUID[engine.uuid] != nil
  }

  private func hasUnderItsID(_ engine: RegisteredEngine) -> Bool { byID[engine.id]?.uuid == engine.uuid }

  /// The metadata of a request that only one engine may run. Unless it is long, it is kept: those of an engine's requests are
  /// often the same.
  ///
  /// - Parameter plain: that of a request that any engine may run.
  mutating func metadata(_ plain: [UInt8], on engine: RegisteredEngine) -> [UInt8] {
    if let known = boundMetadata[engine.id], known.plain == plain, hasUnderItsID(engine) {
      return known.bound
    }
    let bound = RequestMetadata.addingTargets([engine], to: plain)
    if plain.count <= Self.keptMetadata, hasUnderItsID(engine) { boundMetadata[engine.id] = (plain, bound) }
    return bound
  }

  /// The id of an engine, also of one that has left: replies may outlive their engine.
  func id(of uuid: String) -> Int? { idsByUUID[uuid] ?? departed[uuid]?.id }

  /// Why an engine has left; `nil` if that is not known, or it has not.
  func departureReason(of uuid: String) -> String? { departed[uuid]?.reason }

  /// The engine with a uuid; `nil` if it isn't registered.
  func engine(_ uuid: String) -> RegisteredEngine? { idsByUUID[uuid].flatMap { byID[$0] } }

  /// The engines a call goes to, at least one.
  ///
  /// - Throws: ``ClientError/Code/noEngines`` or ``ClientError/Code/noSuchEngine``.
  func resolve(_ targets: EngineTargets) throws(ClientError) -> [RegisteredEngine] {
    guard !engines.isEmpty else { throw .noEngines }
    switch targets {
    case .all: return engines
    case .positions(let range):
      let found = engines[range.clamped(to: 0..<engines.count)]
      guard !found.isEmpty else { throw .emptySelection("at the positions \(range)", existing: ids) }
      return Array(found)
    case .ids(let ids):
      guard !ids.isEmpty else { throw .emptySelection("in an empty list of ids", existing: self.ids) }
      var found: [RegisteredEngine] = []
      found.reserveCapacity(ids.count)
      for id in ids { found.append(try resolve(id)) }
      return found
    }
  }

  /// One engine. Negative ids count from the end.
  private func resolve(_ id: Int) throws(ClientError) -> RegisteredEngine {
    if id >= 0, let engine = byID[id] { return engine }
    let position = engines.count + min(id, 0)
    guard id < 0, position >= 0 else { throw .noSuchEngine(id, existing: ids) }
    return engines[position]
  }

  /// The position of the first engine whose id isn't lower.
  private func position(of id: Int) -> Int {
    var range = 0..<engines.count
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range = engines[middle].id < id ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }
}

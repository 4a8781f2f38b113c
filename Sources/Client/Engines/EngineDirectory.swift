/// The engines a client knows, kept current by the hub's notifications.
struct EngineDirectory: Sendable {
  private var byID: [Int: EngineIdentity] = [:]
  private var numbers: [String: Int] = [:]
  private var gone: Set<String> = []
  /// The engines in the order of their ids.
  private(set) var engines: [EngineIdentity] = []

  /// The ids in order.
  var ids: [Int] { engines.map(\.id) }

  /// Notes an engine. One that is gone stays gone: the hub's list may be older than the notification of its end.
  ///
  /// - Returns: whether anything changed.
  mutating func register(id: Int, uuid: String) -> Bool {
    guard byID[id]?.uuid != uuid, !gone.contains(uuid) else { return false }
    byID[id] = EngineIdentity(id: id, uuid: uuid)
    numbers[uuid] = id
    sort()
    return true
  }

  /// Forgets an engine.
  ///
  /// - Returns: the engine, if it was known.
  mutating func unregister(id: Int) -> EngineIdentity? {
    guard let gone = byID.removeValue(forKey: id) else { return nil }
    self.gone.insert(gone.uuid)
    sort()
    return gone
  }

  /// The id that belongs, or belonged, to a uuid: replies may outlive their engine.
  func id(of uuid: String) -> Int? { numbers[uuid] }

  /// The engines a call goes to.
  ///
  /// - Throws: ``ClientError/Code/noEngines`` or ``ClientError/Code/noSuchEngine``.
  func resolve(_ targets: EngineTargets) throws(ClientError) -> [EngineIdentity] {
    guard !engines.isEmpty else { throw .noEngines }
    switch targets {
    case .all: return engines
    case .positions(let range): return Array(engines[range.clamped(to: 0..<engines.count)])
    case .ids(let ids):
      var found: [EngineIdentity] = []
      found.reserveCapacity(ids.count)
      for id in ids { found.append(try resolve(id)) }
      return found
    }
  }

  /// One engine; negative ids count from the end.
  ///
  /// - Throws: as ``resolve(_:)-(EngineTargets)``.
  func resolve(_ id: Int) throws(ClientError) -> EngineIdentity {
    guard !engines.isEmpty else { throw .noEngines }
    if id >= 0, let engine = byID[id] { return engine }
    let position = engines.count + id
    guard id < 0, position >= 0 else { throw .noSuchEngine(id, existing: ids) }
    return engines[position]
  }

  private mutating func sort() { engines = byID.values.sorted { $0.id < $1.id } }
}

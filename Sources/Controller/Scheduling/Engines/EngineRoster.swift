import MartletWire

/// Which engines there are: registered, leaving, or only named by queued tasks. What they are given is the business of the
/// ``EngineRegistry``.
struct EngineRoster {
  private var records = Directory(vacant: EngineRecord(identity: EngineIdentity(""), hash: 0))
  /// The number of the latest registration of any engine.
  private var latestRegistration: UInt32 = 0
  /// The registered engines that offer resources.
  private(set) var offering: [EngineHandle] = []
  /// The registered engines that run several tasks at once.
  private(set) var concurrent: [EngineHandle] = []
  /// How many engines are registered.
  private(set) var registeredCount = 0

  /// The number of engines known.
  var count: Int { records.count }

  /// The number of engines that memory is allocated for.
  var capacity: Int { records.capacity }

  /// All engines have an index below this.
  var indexLimit: Int { records.indexLimit }

  subscript(engine: EngineHandle) -> EngineRecord {
    @inline(__always) get { records[engine] }
    @inline(__always) _modify { yield &records[engine] }
  }

  func visit(_ body: (EngineHandle, EngineRecord) -> Void) { records.visit(body) }

  // MARK: - Identities

  func find(_ identity: EngineIdentity) -> EngineHandle? { records.find(identity.rawValue) }

  /// Whether there is an engine at a handle, possibly a later one than the handle was made for.
  func contains(_ engine: EngineHandle) -> Bool { records.contains(engine) }

  /// The engine of an identity, if it is registered.
  func registered(_ identity: EngineIdentity) -> EngineHandle? {
    find(identity).flatMap { records[$0].phase == .registered ? $0 : nil }
  }

  /// The registered engines.
  var registered: [EngineHandle] {
    var registered: [EngineHandle] = []
    records.visit { engine, record in if record.phase == .registered { registered.append(engine) } }
    return registered
  }

  @inline(__always)
  func token(of engine: EngineHandle) -> EngineToken {
    EngineToken(engine: engine, registration: records[engine].registration)
  }

  /// Whether the latest registration of an engine is this one, even if the engine has left since.
  func isLatest(_ token: EngineToken) -> Bool {
    records.contains(token.engine) && records[token.engine].registration == token.registration
  }

  func isRegistered(_ token: EngineToken) -> Bool {
    isLatest(token) && records[token.engine].phase == .registered
  }

  /// The integer id of an engine.
  func id(of engine: EngineHandle) -> Int? { records[engine].number < 0 ? nil : Int(records[engine].number) }

  /// Notes the integer id of an engine that is expected.
  mutating func name(_ engine: EngineHandle, id: Int) {
    if records[engine].isExpected { records[engine].number = Int32(exactly: id) ?? -1 }
  }

  /// The engine of an identity; if there is none, one that is only named.
  mutating func named(_ identity: EngineIdentity) -> EngineHandle {
    let hash = identity.rawValue.identifierHash
    if let known = records.find(identity.rawValue, hash: hash) { return known }
    return records.insert(EngineRecord(identity: identity, hash: hash))
  }

  /// Forgets an engine that is only named, unless a queued task names it.
  ///
  /// - Returns: whether it is forgotten.
  mutating func releaseName(_ engine: EngineHandle) -> Bool {
    guard records[engine].phase == .named, records[engine].groups.isEmpty else { return false }
    records.remove(engine)
    return true
  }

  // MARK: - Coming and going

  /// Registers an engine that is not registered.
  mutating func register(_ identity: EngineIdentity, id: Int?, _ abilities: EngineAbilities) -> EngineHandle {
    let engine = named(identity)
    latestRegistration &+= 1
    records[engine].registration = latestRegistration
    records[engine].budget = ResourceBudget(offer: abilities.resources)
    records[engine].probeTimer = 0
    enlist(engine, id: id, abilities)
    return engine
  }

  /// Adds an engine of an earlier controller, which has tasks and is to come back. It is leaving unless it does.
  ///
  /// - Returns: the engine, and whether it was not expected before.
  mutating func expect(_ identity: EngineIdentity) -> (engine: EngineHandle, isNew: Bool) {
    let engine = named(identity)
    guard records[engine].phase == .named else { return (engine, false) }
    latestRegistration &+= 1
    records[engine].phase = .leaving
    records[engine].isExpected = true
    records[engine].registration = latestRegistration
    return (engine, true)
  }

  /// An engine that was expected has come back with its tasks.
  mutating func revive(_ engine: EngineHandle, id: Int?, _ abilities: EngineAbilities, now: Instant) {
    records[engine].budget.revive(offer: abilities.resources)
    records[engine].oldestSince = now
    records[engine].probeCount = 0
    enlist(engine, id: id, abilities)
  }

  private mutating func enlist(_ engine: EngineHandle, id: Int?, _ abilities: EngineAbilities) {
    records[engine].phase = .registered
    records[engine].isExpected = false
    records[engine].number = id.flatMap { Int32(exactly: $0) } ?? -1
    records[engine].returnsTasks = abilities.returnsTasks
    records[engine].end = abilities.end
    records[engine].isRetiring = false
    records[engine].pace = EnginePace()
    records[engine].isConcurrent = abilities.isConcurrent
    registeredCount += 1
    if abilities.isConcurrent { concurrent.append(engine) }
    if !abilities.resources.isEmpty { offering.append(engine) }
  }

  /// A registered engine gets no more tasks.
  mutating func retire(_ engine: EngineHandle) { records[engine].isRetiring = true }

  /// Unregisters an engine; it keeps its pending tasks.
  mutating func unregister(_ engine: EngineHandle) {
    registeredCount -= 1
    records[engine].phase = .leaving
    if !records[engine].budget.offer.isEmpty { offering.removeAll { $0 == engine } }
    if records[engine].isConcurrent { concurrent.removeAll { $0 == engine } }
  }

  /// An engine that was leaving has no pending tasks any more.
  mutating func left(_ engine: EngineHandle) {
    records[engine].phase = .named
    records[engine].isExpected = false
  }
}

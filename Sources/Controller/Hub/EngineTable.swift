import Collections
import DequeModule
import MartletWire

/// The engines the hub knows, registered or accepted.
struct EngineTable {
  /// An engine's registration.
  struct Engine {
    let id: Int
    let uuid: String
    /// What it can do for the task scheduler, and what it offers.
    var abilities = EngineAbilities()
    /// Whether the engine registers again when it is asked to.
    var reregisters = false
    /// Whether it is an engine of an earlier controller that has to register again before it gets tasks.
    var isAwaited = false
    /// The tasks that it said it has or has answered when it registered again, and which attempt at each.
    var tasks: [String: Int]?
    /// The deadline for the first beat, after which the registration is cancelled.
    var deadline: Instant?
    /// When the registration completed; `nil` for engines restored from an earlier controller.
    var registered: Instant?
  }

  /// The pending and completed work of one engine.
  struct Work {
    /// Unanswered requests sent to the engine directly, in order of submission.
    var queue = RequestLedger.List()
    /// Tasks assigned by the scheduler.
    var tasks = RequestLedger.List()
    /// The number of requests it has answered.
    var completedCount = 0
    /// The ids of the latest answered requests.
    var completed = Deque<String>()

    /// The maximum number of answered ids to list. Further ones are only counted, which bounds memory.
    static let completedLimit = 4096

    mutating func complete(_ id: String) {
      completedCount += 1
      completed.append(id)
      if completed.count > Self.completedLimit { completed.removeFirst() }
    }
  }

  /// Registered engines, by id.
  private(set) var engines: [Int: Engine] = [:]
  /// Accepted engines that have not beaten yet, by uuid.
  private(set) var incoming: [String: Engine] = [:]
  /// The ids of accepted engines, with their uuids.
  private var incomingIDs: [Int: String] = [:]
  private var ids = MessageTable(vacant: 0)
  /// The work of registered engines, by id.
  private(set) var work: [Int: Work] = [:]
  private(set) var nextID = 0

  /// The maximum number of accepted engines that have not beaten yet. Further ones are refused.
  static let incomingLimit = 16_384

  /// The ids that engines may request or a saved table may contain.
  private static let idRange = 0..<Int(Int32.max)

  /// Whether a text can be an engine's uuid: a routing identity of 1 to 255 bytes.
  static func isUUID(_ text: String) -> Bool { !text.isEmpty && text.utf8.count <= 255 }

  /// The work of a registered engine. That always has an entry; the default lets it change in place.
  subscript(workOf id: Int) -> Work {
    @inline(__always) get { work[id, default: Work()] }
    @inline(__always) _modify { yield &work[id, default: Work()] }
  }

  /// Assigns an id to a new engine: the requested one if it is free, else the next.
  mutating func accept(
    uuid: String, requestedID: Int?, abilities: EngineAbilities = EngineAbilities(), reregisters: Bool = false,
    tasks: [String: Int]? = nil,
    deadline: Instant
  ) throws(HubError) -> Engine {
    guard id(of: uuid) == nil, incoming[uuid] == nil else { throw .key("uuid \(uuid) in use") }
    guard incoming.count < Self.incomingLimit else {
      throw .runtime("\(incoming.count) engines are about to register; try again later")
    }
    var id = nextID
    if let wanted = requestedID, Self.idRange.contains(wanted), engines[wanted] == nil,
      incomingIDs[wanted] == nil
    {
      id = wanted
    }
    nextID = max(id + 1, nextID)
    let engine = Engine(
      id: id, uuid: uuid, abilities: abilities, reregisters: reregisters, tasks: tasks, deadline: deadline)
    incoming[uuid] = engine
    incomingIDs[id] = uuid
    return engine
  }

  /// Notes that a known engine registers again when it is asked to.
  mutating func noteReregistration(of engine: Engine) {
    if engines[engine.id]?.uuid == engine.uuid { engines[engine.id]?.reregisters = true }
    incoming[engine.uuid]?.reregisters = true
  }

  /// Notes that an engine of an earlier controller has registered again.
  ///
  /// - Returns: whether it had not done so before.
  mutating func noteReturn(of engine: Engine, _ abilities: EngineAbilities) -> Bool {
    guard engines[engine.id]?.uuid == engine.uuid, engines[engine.id]?.isAwaited == true else { return false }
    engines[engine.id]?.isAwaited = false
    engines[engine.id]?.abilities = abilities
    return true
  }

  /// Registers an accepted engine.
  mutating func finish(uuid: String, now: Instant) -> Engine? {
    guard var engine = cancel(uuid: uuid) else { return nil }
    engine.registered = now
    engines[engine.id] = engine
    setID(engine.id, of: uuid)
    work[engine.id] = Work()
    return engine
  }

  /// Drops an accepted engine that is not registered.
  mutating func cancel(uuid: String) -> Engine? {
    guard let engine = incoming.removeValue(forKey: uuid) else { return nil }
    incomingIDs[engine.id] = nil
    return engine
  }

  /// Whether an engine was accepted whose heart has not started to beat.
  func isAccepted(_ uuid: String) -> Bool { incoming[uuid] != nil }

  /// Drops the accepted engine with this id.
  mutating func cancel(id: Int) -> Engine? { incomingIDs[id].flatMap { cancel(uuid: $0) } }

  /// Drops an accepted engine that has not beaten by its deadline.
  mutating func cancel(uuid: String, dueBy now: Instant) -> Engine? {
    guard let deadline = incoming[uuid]?.deadline, deadline <= now else { return nil }
    return cancel(uuid: uuid)
  }

  /// Drops a registered engine and returns its work. Its id may be reused at once.
  mutating func remove(_ id: Int) -> (engine: Engine, work: Work)? {
    guard let engine = engines.removeValue(forKey: id) else { return nil }
    if let slot = ids.find(engine.uuid) { ids.remove(slot) }
    return (engine, work.removeValue(forKey: id) ?? Work())
  }

  /// The registered or accepted engine with this uuid.
  func known(_ uuid: String) -> Engine? { engine(uuid) ?? incoming[uuid] }

  /// The registered engine with this uuid.
  func engine(_ uuid: String) -> Engine? { id(of: uuid).flatMap { engines[$0] } }

  /// The id of the registered engine with this uuid.
  func id(of uuid: String) -> Int? { ids.find(uuid).map { ids[$0] } }

  private mutating func setID(_ id: Int, of uuid: String) { ids[ids.slot(of: uuid).slot] = id }

  /// The table in its saved form: `{"engines": {"0": uuid}, "next_id": 1}`, as in ipyparallel, which of the engines
  /// register again when they have lost the controller, and what they offer.
  var json: JSONValue {
    var fields: [String: JSONValue] = [
      "engines": .object(Dictionary(uniqueKeysWithValues: engines.map { (String($0.key), .string($0.value.uuid)) })),
      "next_id": .int(nextID),
    ]
    let returning = engines.values.filter(\.reregisters).map(\.uuid).sorted()
    if !returning.isEmpty { fields["reregister"] = .array(returning.map { .string($0) }) }
    let offers = engines.values.filter { !$0.abilities.resources.isEmpty }
    if !offers.isEmpty {
      fields["resources"] = .object(
        Dictionary(uniqueKeysWithValues: offers.map { ($0.uuid, $0.abilities.resources.json) }))
    }
    return .object(fields)
  }

  /// Restores a saved table, and returns the engines. Invalid entries are skipped.
  ///
  /// - Parameter awaitsReturn: whether engines that register again have to do so before they get tasks.
  mutating func restore(_ json: JSONValue, awaitsReturn: Bool = false) -> [Engine] {
    var restored: [Engine] = []
    let returning = Set((json["reregister"]?.arrayValue ?? []).compactMap(\.stringValue))
    for (key, uuid) in json["engines"]?.objectValue ?? [:] {
      guard let id = Int(key), Self.idRange.contains(id), let uuid = uuid.stringValue, Self.isUUID(uuid),
        engines[id] == nil, self.id(of: uuid) == nil
      else { continue }
      var engine = Engine(id: id, uuid: uuid)
      if let offer = json["resources"]?[uuid], let resources = try? Resources(json: offer, "resources") {
        engine.abilities.resources = resources
      }
      if awaitsReturn, returning.contains(uuid) { (engine.reregisters, engine.isAwaited) = (true, true) }
      engines[id] = engine
      setID(id, of: uuid)
      work[id] = Work()
      restored.append(engine)
    }
    let saved = json["next_id"]?.intValue.flatMap { Self.idRange.contains($0) ? $0 : nil } ?? 0
    nextID = max(nextID, saved, (engines.keys.max() ?? -1) + 1)
    return restored.sorted { $0.id < $1.id }
  }
}

import Collections
import DequeModule
import MartletWire

/// The engines the hub knows, registered or about to be.
struct EngineTable {
  /// An engine's registration.
  struct Engine {
    let id: Int
    let uuid: String
    /// Whether the engine returns tasks that wait behind a long one.
    var returnsTasks = false
    /// When the registration is given up if the engine has not beaten by then.
    var deadline: ContinuousClock.Instant?
    /// When the registration was complete; `nil` for engines of a controller that ran before.
    var registered: ContinuousClock.Instant?
  }

  /// What one engine has to do and has done.
  struct Work {
    /// Requests sent to the engine directly and not answered, in order of submission.
    var queue = RequestLedger.List()
    /// Tasks the scheduler gave it.
    var tasks = RequestLedger.List()
    /// How many requests it has answered.
    var completedCount = 0
    /// The latest of them.
    var completed = Deque<String>()

    /// More answered ids than this are counted but not listed, so that memory stays flat.
    static let completedLimit = 4096

    mutating func complete(_ id: String) {
      completedCount += 1
      completed.append(id)
      if completed.count > Self.completedLimit { completed.removeFirst() }
    }
  }

  /// Engines that beat, by id.
  private(set) var engines: [Int: Engine] = [:]
  /// Engines that were accepted but haven't beaten yet, by uuid.
  private(set) var incoming: [String: Engine] = [:]
  private(set) var idsByUUID: [String: Int] = [:]
  var work: [Int: Work] = [:]
  private(set) var nextID = 0

  /// How many accepted engines may be waited for. More are refused.
  static let incomingLimit = 16_384

  /// Ids that engines may ask for or that a saved table may name.
  private static let idRange = 0..<Int(Int32.max)

  /// Whether a text can be an engine's uuid: it is a routing identity, which takes 1 to 255 bytes.
  static func isUUID(_ text: String) -> Bool { !text.isEmpty && text.utf8.count <= 255 }

  /// Gives an id to a new engine: the one it asked for if that is free, else the next.
  mutating func accept(
    uuid: String, requestedID: Int?, returnsTasks: Bool = false, deadline: ContinuousClock.Instant
  ) throws(HubError) -> Engine {
    guard idsByUUID[uuid] == nil, incoming[uuid] == nil else { throw .key("uuid \(uuid) in use") }
    guard incoming.count < Self.incomingLimit else {
      throw .runtime("\(incoming.count) engines are about to register; try again later")
    }
    var id = nextID
    if let wanted = requestedID, Self.idRange.contains(wanted), engines[wanted] == nil,
      !incoming.values.contains(where: { $0.id == wanted })
    {
      id = wanted
    }
    nextID = max(id + 1, nextID)
    let engine = Engine(id: id, uuid: uuid, returnsTasks: returnsTasks, deadline: deadline)
    incoming[uuid] = engine
    return engine
  }

  /// Makes an accepted engine a registered one.
  mutating func finish(uuid: String, now: ContinuousClock.Instant) -> Engine? {
    guard var engine = incoming.removeValue(forKey: uuid) else { return nil }
    engine.registered = now
    engines[engine.id] = engine
    idsByUUID[uuid] = engine.id
    work[engine.id] = Work()
    return engine
  }

  /// Drops an engine that was accepted but not registered.
  mutating func cancel(uuid: String) -> Engine? { incoming.removeValue(forKey: uuid) }

  /// Drops an engine that was accepted but has not beaten until its deadline.
  mutating func cancel(uuid: String, dueBy now: ContinuousClock.Instant) -> Engine? {
    guard let deadline = incoming[uuid]?.deadline, deadline <= now else { return nil }
    return cancel(uuid: uuid)
  }

  /// Drops a registered engine and hands over what it has to do: its id may be given to another at once.
  mutating func remove(_ id: Int) -> (engine: Engine, work: Work)? {
    guard let engine = engines.removeValue(forKey: id) else { return nil }
    idsByUUID[engine.uuid] = nil
    return (engine, work.removeValue(forKey: id) ?? Work())
  }

  /// The registered engine of that uuid.
  func engine(_ uuid: String) -> Engine? { idsByUUID[uuid].flatMap { engines[$0] } }

  /// The table as it is saved: `{"engines": {"0": uuid}, "next_id": 1}`, as ipyparallel writes it.
  var json: JSONValue {
    [
      "engines": .object(Dictionary(uniqueKeysWithValues: engines.map { (String($0.key), .string($0.value.uuid)) })),
      "next_id": .int(nextID),
    ]
  }

  /// Takes over a saved table; what can't be an engine is left out.
  mutating func restore(_ json: JSONValue) -> [Engine] {
    var restored: [Engine] = []
    for (key, uuid) in json["engines"]?.objectValue ?? [:] {
      guard let id = Int(key), Self.idRange.contains(id), let uuid = uuid.stringValue, Self.isUUID(uuid),
        engines[id] == nil, idsByUUID[uuid] == nil
      else { continue }
      let engine = Engine(id: id, uuid: uuid)
      engines[id] = engine
      idsByUUID[uuid] = id
      work[id] = Work()
      restored.append(engine)
    }
    let saved = json["next_id"]?.intValue.flatMap { Self.idRange.contains($0) ? $0 : nil } ?? 0
    nextID = max(nextID, saved, (engines.keys.max() ?? -1) + 1)
    return restored.sorted { $0.id < $1.id }
  }
}

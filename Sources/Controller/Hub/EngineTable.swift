import Collections
import Wire

/// The engines the hub knows, registered or about to be.
struct EngineTable {
  /// An engine's registration.
  struct Engine {
    let id: Int
    let uuid: String
  }

  /// What one engine has to do and has done.
  struct Work {
    /// Requests sent to the engine directly and not answered, in order of submission.
    var queue = PendingIDs()
    /// Tasks the scheduler gave it.
    var tasks = PendingIDs()
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

  /// Gives an id to a new engine: the one it asked for if that is free, else the next.
  mutating func accept(uuid: String, requestedID: Int?) throws(HubError) -> Engine {
    guard idsByUUID[uuid] == nil, incoming[uuid] == nil else { throw .key("uuid \(uuid) in use") }
    var id = nextID
    if let wanted = requestedID, wanted >= 0, wanted < Int(Int32.max), engines[wanted] == nil,
      !incoming.values.contains(where: { $0.id == wanted })
    {
      id = wanted
    }
    nextID = max(id + 1, nextID)
    let engine = Engine(id: id, uuid: uuid)
    incoming[uuid] = engine
    return engine
  }

  /// Makes an accepted engine a registered one.
  mutating func finish(uuid: String) -> Engine? {
    guard let engine = incoming.removeValue(forKey: uuid) else { return nil }
    engines[engine.id] = engine
    idsByUUID[uuid] = engine.id
    work[engine.id] = Work()
    return engine
  }

  /// Drops an engine that was accepted but not registered.
  mutating func cancel(uuid: String) -> Engine? { incoming.removeValue(forKey: uuid) }

  /// Drops a registered engine; what it has to do stays until ``forget(_:)``.
  mutating func remove(_ id: Int) -> Engine? {
    guard let engine = engines.removeValue(forKey: id) else { return nil }
    idsByUUID[engine.uuid] = nil
    return engine
  }

  /// Drops what an engine had to do.
  mutating func forget(_ id: Int) -> Work? { engines[id] == nil ? work.removeValue(forKey: id) : nil }

  /// The table as it is saved: `{"engines": {"0": uuid}, "next_id": 1}`, as ipyparallel writes it.
  var json: JSONValue {
    [
      "engines": .object(Dictionary(uniqueKeysWithValues: engines.map { (String($0.key), .string($0.value.uuid)) })),
      "next_id": .int(nextID),
    ]
  }

  /// Takes over a saved table.
  mutating func restore(_ json: JSONValue) -> [Engine] {
    var restored: [Engine] = []
    for (key, uuid) in json["engines"]?.objectValue ?? [:] {
      guard let id = Int(key), let uuid = uuid.stringValue, engines[id] == nil, idsByUUID[uuid] == nil else { continue }
      let engine = Engine(id: id, uuid: uuid)
      engines[id] = engine
      idsByUUID[uuid] = id
      work[id] = Work()
      restored.append(engine)
    }
    nextID = max(json["next_id"]?.intValue ?? 0, (engines.keys.max() ?? -1) + 1)
    return restored
  }
}

/// Message ids in the order they came, with removal that costs the same for any number.
struct PendingIDs {
  private var order: [String: Int] = [:]
  private var next = 0

  var count: Int { order.count }

  mutating func insert(_ id: String) {
    order[id] = next
    next += 1
  }

  @discardableResult
  mutating func remove(_ id: String) -> Bool { order.removeValue(forKey: id) != nil }

  /// The ids in order; costs a sort.
  var ids: [String] { order.sorted { $0.value < $1.value }.map(\.key) }
}

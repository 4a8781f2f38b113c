/// The replies a client waits for: which request they belong to, and which engine's death ends the wait.
///
/// A value without sockets; `Context` is whatever the caller wants back with the reply.
struct OutstandingRequests<Context: Sendable>: Sendable {
  /// What a reply turned out to be.
  enum Arrival: Sendable {
    /// The one that was waited for.
    case expected(Context)
    /// It came after its request was given up, for example because the engine was reported dead.
    case late
    /// Its request was answered already, or was never made here.
    case unexpected
  }

  /// A request whose engine is gone.
  struct Stranded: Sendable {
    let id: String
    let engine: EngineIdentity
    let context: Context
  }

  /// Replies that don't reach anybody.
  struct Counts: Sendable, Hashable {
    /// Replies that came after their request was given up.
    var late = 0
    /// Second replies, and replies to what was never asked.
    var unexpected = 0
  }

  private struct Entry: Sendable {
    let engines: [EngineIdentity]
    let context: Context
  }

  private var entries: [String: Entry] = [:]
  private var deadEngines: [String: EngineIdentity] = [:]
  private var givenUp: Set<String> = []
  /// How many replies nobody waited for.
  private(set) var counts = Counts()

  /// How many replies are waited for.
  var count: Int { entries.count }

  /// Given-up ids kept to tell late replies from unexpected ones; beyond it they only count differently.
  static var givenUpLimit: Int { 65_536 }

  /// Starts to wait for a reply.
  ///
  /// - Parameters:
  ///   - id: the id the reply will refer to.
  ///   - engines: those whose death ends the wait.
  /// - Returns: the engine that is dead already, in which case nothing is waited for.
  mutating func add(_ id: String, engines: [EngineIdentity], context: Context) -> EngineIdentity? {
    if !deadEngines.isEmpty {
      for engine in engines {
        if let dead = deadEngines[engine.uuid] { return dead }
      }
    }
    entries[id] = Entry(engines: engines, context: context)
    return nil
  }

  /// Who waits for a reply, if anybody does.
  func context(of id: String) -> Context? { entries[id]?.context }

  /// Notes a reply.
  mutating func reply(to id: String) -> Arrival {
    if let entry = remove(id) { return .expected(entry.context) }
    if givenUp.remove(id) != nil {
      counts.late += 1
      return .late
    }
    counts.unexpected += 1
    return .unexpected
  }

  /// Stops waiting for a reply, for example after a timeout.
  mutating func giveUp(_ id: String) {
    guard remove(id) != nil else { return }
    noteGivenUp(id)
  }

  /// Notes that an engine is gone for good.
  ///
  /// - Returns: the requests that were with it, in the order of their ids.
  mutating func engineDied(_ engine: EngineIdentity) -> [Stranded] {
    deadEngines[engine.uuid] = engine
    var stranded: [Stranded] = []
    for id in ids(on: engine) {
      guard let entry = remove(id) else { continue }
      noteGivenUp(id)
      stranded.append(Stranded(id: id, engine: engine, context: entry.context))
    }
    return stranded
  }

  /// The requests that are with an engine, in the order of their ids.
  ///
  /// Looks at every request: engines die and are asked to abort rarely, requests come by the million.
  func ids(on engine: EngineIdentity) -> [String] {
    entries.lazy.filter { $0.value.engines.contains { $0.uuid == engine.uuid } }.map(\.key).sorted()
  }

  /// Gives up everything.
  ///
  /// - Returns: what was waited for.
  mutating func removeAll() -> [(id: String, context: Context)] {
    defer { entries = [:] }
    return entries.map { ($0.key, $0.value.context) }
  }

  private mutating func noteGivenUp(_ id: String) {
    if givenUp.count < Self.givenUpLimit { givenUp.insert(id) }
  }

  private mutating func remove(_ id: String) -> Entry? { entries.removeValue(forKey: id) }
}

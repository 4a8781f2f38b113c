/// The replies a client waits for: the request each belongs to, and the engines whose departure ends the wait.
///
/// A value without I/O. `Context` is what the caller wants back with the reply.
struct OutstandingRequests<Context: Sendable>: Sendable {
  /// What a reply turned out to be.
  enum Arrival: Sendable {
    /// The reply to an outstanding request.
    case expected(Context)
    /// The reply to a request that was given up, for example because its engine was reported dead.
    case late
    /// A second reply, or a reply to a request this client has never made.
    case unexpected
  }

  /// A request whose engine has left.
  struct Stranded: Sendable {
    let id: String
    let engine: RegisteredEngine
    let context: Context
  }

  /// Replies that were dropped.
  struct Counts: Sendable, Hashable {
    /// Replies to requests that had been given up.
    var late = 0
    /// Second replies, and replies to requests never made.
    var unexpected = 0
  }

  private struct Entry: Sendable {
    let engines: [RegisteredEngine]
    let context: Context
    let channel: RequestChannel
    let order: UInt64
    /// The request itself, if it can be sent again.
    var kept: KeptRequest?
  }

  /// A request's id. The ids of a session differ in their ends, so that is all that is hashed of them.
  private struct Key: Hashable {
    let id: String

    func hash(into hasher: inout Hasher) {
      let bytes = id.utf8.span
      var end: UInt64 = 0
      for index in max(0, bytes.count - 8)..<bytes.count { end = end << 8 | UInt64(bytes[index]) }
      hasher.combine(end)
    }
  }

  private var entries: [Key: Entry] = [:]
  /// The bytes of the requests that can be sent again.
  private(set) var keptBytes = 0
  /// Engines that have left, by uuid. A call may have looked up its engines before one of them left.
  private var deadEngines = RecentTable<String, RegisteredEngine>(limit: 4096)
  /// Requests that were given up, to tell late replies from unexpected ones.
  private var givenUp = RecentTable<String, Void>(limit: 65_536)
  /// How many replies were dropped.
  private(set) var counts = Counts()
  /// How many requests were added so far: the order of the next one.
  private(set) var mark: UInt64 = 0

  /// How many replies are outstanding.
  var count: Int { entries.count }

  /// How many outstanding replies there is room for.
  var capacity: Int { entries.capacity }

  /// How many given-up requests and dead engines are remembered.
  var rememberedCount: Int { givenUp.count + deadEngines.count }

  /// Starts to wait for a reply.
  ///
  /// - Parameters:
  ///   - id: the id the reply will refer to.
  ///   - channel: the channel of the request.
  ///   - engines: the engines whose departure ends the wait.
  ///   - kept: the request, if it can be sent again.
  /// - Returns: an engine that has left already, in which case the reply is not waited for.
  mutating func add(
    _ id: String, on channel: RequestChannel, engines: [RegisteredEngine], context: Context, kept: KeptRequest? = nil
  ) -> RegisteredEngine? {
    if !deadEngines.isEmpty {
      for engine in engines {
        if let dead = deadEngines[engine.uuid] { return dead }
      }
    }
    entries[Key(id: id)] = Entry(engines: engines, context: context, channel: channel, order: mark, kept: kept)
    if let kept { keptBytes += kept.size }
    mark += 1
    return nil
  }

  /// The contexts of all outstanding requests.
  var contexts: some Sequence<Context> { entries.values.lazy.map(\.context) }

  /// The context of an outstanding request.
  func context(of id: String) -> Context? { entries[Key(id: id)]?.context }

  /// An outstanding request that can be sent again.
  func kept(_ id: String) -> KeptRequest? { entries[Key(id: id)]?.kept }

  /// Takes a reply.
  mutating func reply(to id: String) -> Arrival {
    if let entry = remove(id) { return .expected(entry.context) }
    if givenUp.removeValue(for: id) != nil {
      counts.late += 1
      return .late
    }
    counts.unexpected += 1
    return .unexpected
  }

  /// Stops waiting for a reply, for example after a timeout.
  ///
  /// - Returns: the request's context if it was outstanding.
  @discardableResult
  mutating func giveUp(_ id: String) -> Context? {
    guard let entry = remove(id) else { return nil }
    givenUp.insert((), for: id)
    return entry.context
  }

  /// Stops waiting for all replies, because the controller is lost. They may arrive all the same.
  ///
  /// - Returns: the contexts of the requests that were outstanding.
  mutating func giveUpAll() -> [Context] {
    let lost = removeAll()
    for request in lost { givenUp.insert((), for: request.id) }
    return lost.map(\.context)
  }

  /// Notes that an engine has left for good.
  ///
  /// - Returns: the outstanding requests it had, in the order of their ids.
  mutating func engineDied(_ engine: RegisteredEngine) -> [Stranded] {
    deadEngines.insert(engine, for: engine.uuid)
    var stranded: [Stranded] = []
    for id in ids(on: engine) {
      guard let entry = remove(id) else { continue }
      givenUp.insert((), for: id)
      stranded.append(Stranded(id: id, engine: engine, context: entry.context))
    }
    return stranded
  }

  /// Notes that an engine is there, which may have been reported dead before.
  mutating func engineReturned(_ uuid: String) { _ = deadEngines.removeValue(for: uuid) }

  /// The requests added before the mark of their channel, in their order.
  func requests(
    before mark: (RequestChannel) -> UInt64
  ) -> [(id: String, channel: RequestChannel, context: Context)] {
    entries.filter { $0.value.order < mark($0.value.channel) }.sorted { $0.value.order < $1.value.order }
      .map { ($0.key.id, $0.value.channel, $0.value.context) }
  }

  /// The outstanding requests an engine has, in the order of their ids.
  ///
  /// Examines every request: engines leave and abort rarely, while requests come by the million.
  func ids(on engine: RegisteredEngine) -> [String] {
    entries.lazy.filter { $0.value.engines.contains { $0.uuid == engine.uuid } }.map(\.key.id).sorted()
  }

  /// Stops waiting for all replies.
  ///
  /// - Returns: the requests that were outstanding.
  mutating func removeAll() -> [(id: String, context: Context)] {
    defer {
      entries = [:]
      keptBytes = 0
    }
    return entries.map { ($0.key.id, $0.value.context) }
  }

  private mutating func remove(_ id: String) -> Entry? {
    guard let entry = entries.removeValue(forKey: Key(id: id)) else { return nil }
    if let kept = entry.kept { keptBytes -= kept.size }
    entries.releaseUnusedCapacity()
    return entry
  }
}

/// The requests that engines were sent over one socket and have not answered, without I/O. It finds out which of them will
/// never be answered: what was on a connection when that broke is lost, and engines are silent about what they refuse.
///
/// An engine answers in the order in which it receives. So when it answers a *probe*, a request of the controller's own,
/// whatever it was sent before is answered or lost. Probes are sent when a connection has broken, and when an engine has
/// been at its oldest requests for a while. Engines are looked at together, a few times a second while any of them has
/// requests, so that a request costs no timer.
struct OpenRequests<Payload> {
  /// A request to send to an engine over the same socket; its answer is passed on with the number.
  struct Probe: Hashable, Sendable {
    let engine: EngineIdentity
    let number: Int
  }

  /// A request that will not be answered.
  struct Lost {
    let id: String
    let payload: Payload
  }

  fileprivate struct Request: DirectoryRecord, ListElement {
    typealias Tag = Request

    let id: String
    let hash: UInt32
    let engine: Handle<Engine>
    let serial: Int
    /// `nil` in free slots only.
    let payload: Payload?
    /// Among the requests of its engine, in the order in which they were sent.
    var links = ListLinks<Request>()

    static var vacant: Self { Self(id: "", hash: 0, engine: Handle(index: 0), serial: 0, payload: nil) }
  }

  fileprivate struct Engine: DirectoryRecord {
    typealias Tag = Engine

    let identity: EngineIdentity
    let hash: UInt32
    var requests = HandleList<Request>()
    /// The latest request of those that are waited for at present, and how many of them are open.
    var mark: Int = 0
    var olderCount = 0
    /// The looks since one of these was answered.
    var silence = 0
    var probes: UInt8 = 0
    /// Whether a connection has broken since the last probe.
    var isDoubtful = false

    var id: String { identity.rawValue }

    mutating func noteProbe() {
      (isDoubtful, silence, probes) = (false, 0, min(probes, .max - 1) + 1)
    }

    /// Waits for all that is open now.
    mutating func beginWait(upTo serial: Int) {
      (mark, olderCount, silence, probes) = (serial, requests.count, 0, 0)
    }

    /// One of its requests is not open any more.
    mutating func settle(_ serial: Int) {
      guard serial <= mark, olderCount > 0 else { return }
      olderCount -= 1
      (silence, probes) = (0, 0)
    }
  }

  private var requests = Directory<Request>(vacant: .vacant)
  /// The engines that have had requests since the last look.
  private var engines = Directory<Engine>(vacant: Engine(identity: EngineIdentity(""), hash: 0))
  private var latest: Int = 0
  /// When ``look(now:)`` is due; `nil` while nothing is open.
  private(set) var nextDeadline: Instant?

  /// The time between two looks.
  static var interval: Duration { .milliseconds(500) }
  /// The time after a break in which peers usually connect again.
  static var reconnectionTime: Duration { .milliseconds(200) }
  /// The looks at an engine that is silent before it is probed.
  static var patience: Int { 10 }
  /// The most looks between two probes.
  static var longestPause: Int { 120 }

  /// How many requests are open.
  var count: Int { requests.count }

  /// A request was sent.
  mutating func sent(
    _ id: String, to engine: EngineIdentity, _ payload: Payload, now: @autoclosure () -> Instant
  ) {
    latest += 1
    let hash = id.identifierHash
    if let former = requests.find(id, hash: hash) { remove(former) }
    let entry = self.entry(of: engine)
    let request = requests.insert(Request(id: id, hash: hash, engine: entry, serial: latest, payload: payload))
    requests.append(request, to: &engines[entry].requests)
    if nextDeadline == nil { nextDeadline = now() + Self.interval }
  }

  /// An engine has answered a request.
  mutating func answered(_ id: String, by engine: EngineIdentity) {
    guard let request = requests.find(id), engines[requests[request].engine].identity == engine else { return }
    remove(request)
  }

  /// An engine is gone; whoever waits for its answers learns that in another way.
  mutating func left(_ engine: EngineIdentity) {
    guard let entry = engines.find(engine.rawValue) else { return }
    for request in requests.handles(in: engines[entry].requests) { remove(request) }
    engines.remove(entry)
  }

  /// A connection to some engine has ended.
  mutating func connectionBroke(now: Instant) {
    guard requests.count > 0 else { return }
    for entry in entries { engines[entry].isDoubtful = true }
    let soon = now + Self.reconnectionTime
    nextDeadline = min(nextDeadline ?? soon, soon)
  }

  /// Looks at all engines.
  ///
  /// - Returns: the probes to send. Say ``probeSent(to:)`` for each that could be sent.
  mutating func look(now: Instant) -> [Probe] {
    for entry in entries where engines[entry].requests.isEmpty { engines.remove(entry) }
    nextDeadline = engines.count == 0 ? nil : now + Self.interval
    var probes: [Probe] = []
    for entry in entries {
      if engines[entry].olderCount == 0 { engines[entry].beginWait(upTo: latest) }
      engines[entry].silence += 1
      let engine = engines[entry]
      if engine.isDoubtful || engine.silence > min(Self.patience << Int(min(engine.probes, 8)), Self.longestPause) {
        probes.append(Probe(engine: engine.identity, number: latest))
      }
    }
    return probes
  }

  /// Whether an engine has requests that it has not answered.
  func awaitsReplies(of engine: EngineIdentity) -> Bool {
    engines.find(engine.rawValue).map { !engines[$0].requests.isEmpty } ?? false
  }

  /// A probe was sent.
  mutating func probeSent(to engine: EngineIdentity) {
    guard let entry = engines.find(engine.rawValue) else { return }
    engines[entry].noteProbe()
  }

  /// An engine has answered a probe.
  ///
  /// - Returns: the requests that it was sent before and has not answered, in the order in which they were sent.
  mutating func probeAnswered(by engine: EngineIdentity, number: Int) -> [Lost] {
    guard let entry = engines.find(engine.rawValue), !engines[entry].requests.isEmpty else { return [] }
    var lost: [Lost] = []
    while let first = engines[entry].requests.first, requests[first].serial <= number {
      let request = requests[first]
      if let payload = request.payload { lost.append(Lost(id: request.id, payload: payload)) }
      remove(first)
    }
    engines[entry].beginWait(upTo: latest)
    return lost
  }

  private var entries: [Handle<Engine>] {
    var entries: [Handle<Engine>] = []
    engines.visit { entry, _ in entries.append(entry) }
    return entries
  }

  private mutating func entry(of engine: EngineIdentity) -> Handle<Engine> {
    let hash = engine.rawValue.identifierHash
    return engines.find(engine.rawValue, hash: hash) ?? engines.insert(Engine(identity: engine, hash: hash))
  }

  private mutating func remove(_ request: Handle<Request>) {
    let (entry, serial) = (requests[request].engine, requests[request].serial)
    requests.unlink(request, from: &engines[entry].requests)
    engines[entry].settle(serial)
    requests.remove(request)
  }
}

extension OpenRequests: Sendable where Payload: Sendable {}
extension OpenRequests.Request: Sendable where Payload: Sendable {}
extension OpenRequests.Lost: Sendable where Payload: Sendable {}

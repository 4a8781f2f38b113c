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

  fileprivate struct Request {
    let engine: EngineIdentity
    let serial: Int
    let payload: Payload
  }

  fileprivate struct Engine {
    /// Its open requests.
    var count = 0
    /// The latest request of those that are waited for at present, and how many of them are open.
    var mark: Int = 0
    var olderCount = 0
    /// The looks since one of these was answered.
    var silence = 0
    var probes: UInt8 = 0
    /// Whether a connection has broken since the last probe.
    var isDoubtful = false

    mutating func noteProbe() {
      (isDoubtful, silence, probes) = (false, 0, min(probes, .max - 1) + 1)
    }

    /// Waits for all that is open now.
    mutating func beginWait(upTo serial: Int) {
      (mark, olderCount, silence, probes) = (serial, count, 0, 0)
    }
  }

  private var requests: [String: Request] = [:]
  private var engines: [EngineIdentity: Engine] = [:]
  private var latest: Int = 0
  /// When ``look(now:)`` is due; `nil` while nothing is open.
  private(set) var nextDeadline: ContinuousClock.Instant?

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
    _ id: String, to engine: EngineIdentity, _ payload: Payload, now: @autoclosure () -> ContinuousClock.Instant
  ) {
    latest += 1
    if let former = requests.updateValue(Request(engine: engine, serial: latest, payload: payload), forKey: id) {
      settle(former)
    }
    engines[engine, default: Engine()].count += 1
    if nextDeadline == nil { nextDeadline = now() + Self.interval }
  }

  /// An engine has answered a request.
  mutating func answered(_ id: String, by engine: EngineIdentity) {
    guard let index = requests.index(forKey: id), requests.values[index].engine == engine else { return }
    settle(requests.remove(at: index).value)
    if requests.isEmpty { requests.shrinkIfSparse() }
  }

  /// An engine is gone; whoever waits for its answers learns that in another way.
  mutating func left(_ engine: EngineIdentity) {
    guard engines.removeValue(forKey: engine)?.count ?? 0 > 0 else { return }
    requests = requests.filter { $0.value.engine != engine }
  }

  /// A connection to some engine has ended.
  mutating func connectionBroke(now: ContinuousClock.Instant) {
    guard !requests.isEmpty else { return }
    for engine in Array(engines.keys) { engines[engine]?.isDoubtful = true }
    let soon = now + Self.reconnectionTime
    nextDeadline = min(nextDeadline ?? soon, soon)
  }

  /// Looks at all engines.
  ///
  /// - Returns: the probes to send. Say ``probeSent(to:)`` for each that could be sent.
  mutating func look(now: ContinuousClock.Instant) -> [Probe] {
    engines = engines.filter { $0.value.count > 0 }
    nextDeadline = engines.isEmpty ? nil : now + Self.interval
    var probes: [Probe] = []
    for engine in engines.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
      guard var entry = engines[engine] else { continue }
      if entry.olderCount == 0 { entry.beginWait(upTo: latest) }
      entry.silence += 1
      if entry.isDoubtful || entry.silence > min(Self.patience << Int(min(entry.probes, 8)), Self.longestPause) {
        probes.append(Probe(engine: engine, number: latest))
      }
      engines[engine] = entry
    }
    return probes
  }

  /// A probe was sent.
  mutating func probeSent(to engine: EngineIdentity) {
    engines[engine]?.noteProbe()
  }

  /// An engine has answered a probe.
  ///
  /// - Returns: the requests that it was sent before and has not answered, in the order in which they were sent.
  mutating func probeAnswered(by engine: EngineIdentity, number: Int) -> [Lost] {
    guard let entry = engines[engine], entry.count > 0 else { return [] }
    let lost = requests.filter { $0.value.engine == engine && $0.value.serial <= number }
    for (id, request) in lost {
      requests[id] = nil
      settle(request)
    }
    engines[engine]?.beginWait(upTo: latest)
    return lost.sorted { $0.value.serial < $1.value.serial }.map { Lost(id: $0.key, payload: $0.value.payload) }
  }

  private mutating func settle(_ request: Request) {
    engines[request.engine]?.settle(request.serial)
  }
}

extension OpenRequests.Engine {
  /// One of its requests is not open any more.
  fileprivate mutating func settle(_ serial: Int) {
    count -= 1
    guard serial <= mark, olderCount > 0 else { return }
    olderCount -= 1
    (silence, probes) = (0, 0)
  }
}

extension OpenRequests: Sendable where Payload: Sendable {}
extension OpenRequests.Request: Sendable where Payload: Sendable {}
extension OpenRequests.Lost: Sendable where Payload: Sendable {}

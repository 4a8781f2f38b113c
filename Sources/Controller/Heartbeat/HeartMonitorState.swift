/// The state of the heart monitor, without sockets or a clock. It decides when to ping, which hearts are new and which
/// have stopped.
///
/// The semantics are those of ipyparallel 9.2's `HeartMonitor`. The ping of each period carries the monitor's lifetime
/// in seconds, and hearts echo it. An echo of the current ping or the previous one counts as a beat. A heart is known
/// from its first beat on; ipyparallel tells the hub only at the end of the period. A heart that misses more than
/// ``maxMisses`` periods in a row has stopped; if it beats later, it is new again.
struct HeartMonitorState: Sendable {
  /// The result of a period's end. The driver reports the stopped hearts to the hub, then sends the ping.
  struct Beat: Equatable, Sendable {
    /// The monitor's lifetime in seconds, in decimal notation.
    let ping: String
    /// The hearts that missed too many pings, in ascending order. They are forgotten.
    let stoppedHearts: [EngineIdentity]
  }

  /// The meaning of a pong.
  enum Pong: Equatable, Sendable {
    /// The first beat of this heart.
    case first
    /// The answer to the current ping, with its latency.
    case onTime(Duration)
    /// The answer to the previous ping, with its latency.
    case late(Duration)
    /// The answer to an older ping, or to none. It is ignored.
    case stale
    /// A beat of a heart whose engine is unknown; reported once a period.
    case stranger
  }

  /// The time between pings; 3 s by default as in ipyparallel.
  let period: Duration
  /// The number of consecutive pings a heart may miss; 10 by default as in ipyparallel.
  let maxMisses: Int
  /// When ``advance(to:)`` is due next.
  private(set) var nextDeadline: Instant
  /// The known hearts and the number of consecutive pings each has missed.
  private(set) var misses: [EngineIdentity: Int] = [:]

  /// The text of the latest ping. It is sent again to engines that have joined since.
  var currentPing: String { current.text }

  /// How long an engine has to reconnect after its connection broke; libzmq tries again after 0.1 s.
  static let reconnectionTime = Duration.seconds(2)
  /// How often ``endSilent(now:)`` is to be called while hearts are silent.
  static let silenceInterval = Duration.milliseconds(400)
  /// A monitor that didn't run for longer than this was stopped itself, and no heart could reach it.
  private static let ownDelay = Duration.seconds(1)
  /// The most unknown hearts to remember. A further one is reported with each beat.
  private static let strangerLimit = 4096

  private let start: Instant
  private var responses: Set<EngineIdentity> = []
  /// Hearts that haven't beaten since their connection broke, and when they are given up.
  private var silent: [EngineIdentity: Instant] = [:]
  /// When the monitor last ran while hearts were silent.
  private var lastLook: Instant?
  /// Hearts whose engines are unknown, as long as they beat.
  private var strangers: Set<EngineIdentity> = []
  private var current: (text: String, sent: Instant)
  private var last: (text: String, sent: Instant)

  /// Creates a monitor whose first ping is due one period after `start`. The period is at least 1 ms.
  init(period: Duration = .milliseconds(3000), maxMisses: Int = 10, start: Instant) {
    self.period = max(period, .milliseconds(1))
    self.maxMisses = maxMisses
    self.start = start
    nextDeadline = start + self.period
    current = ("0.0", start)
    last = current
  }

  /// Ends the period if it is due. Several missed periods count as one, for example after the machine slept.
  ///
  /// - Returns: `nil` if the period isn't over.
  mutating func advance(to now: Instant) -> Beat? {
    guard now >= nextDeadline else { return nil }
    let behind = (now - nextDeadline) / period
    nextDeadline += period * (Int(behind) + 1)

    var stoppedHearts: [EngineIdentity] = []
    for (heart, missed) in misses {
      if responses.contains(heart) {
        misses[heart] = 0
      } else if missed + 1 > maxMisses {
        misses[heart] = nil
        silent[heart] = nil
        stoppedHearts.append(heart)
      } else {
        misses[heart] = missed + 1
      }
    }
    strangers.formIntersection(responses)
    responses.removeAll(keepingCapacity: true)
    last = current
    current = (String((now - start) / .seconds(1)), now)
    return Beat(
      ping: current.text, stoppedHearts: stoppedHearts.sorted { $0.rawValue < $1.rawValue })
  }

  /// Handles a heart's answer to a ping.
  mutating func pong(from heart: EngineIdentity, _ text: String, now: Instant) -> Pong {
    guard text == current.text || text == last.text else { return .stale }
    let isFirstOfPeriod = responses.insert(heart).inserted
    if strangers.contains(heart) { return isFirstOfPeriod ? .stranger : .stale }
    silent[heart] = nil
    if misses[heart] == nil {
      misses[heart] = 0
      return .first
    }
    return text == current.text ? .onTime(now - current.sent) : .late(now - last.sent)
  }

  /// Notes that a heart's connection broke. Only a beat over a new connection counts from now on.
  mutating func disconnected(_ heart: EngineIdentity, now: Instant) {
    guard misses[heart] != nil else { return }
    responses.remove(heart)
    look(at: now)
    silent[heart] = now + Self.reconnectionTime
  }

  /// Whether hearts haven't beaten since their connection broke. They are to be pinged until they have, or are given up.
  var hasSilentHearts: Bool { !silent.isEmpty }

  /// Ends the hearts that haven't beaten for too long since their connection broke. Time in which the monitor itself didn't
  /// run doesn't count.
  ///
  /// - Returns: the hearts that have stopped, in ascending order.
  mutating func endSilent(now: Instant) -> [EngineIdentity] {
    look(at: now)
    let stopped = silent.filter { $0.value <= now }.keys.sorted { $0.rawValue < $1.rawValue }
    for heart in stopped { forget(heart) }
    return stopped
  }

  private mutating func look(at now: Instant) {
    defer { lastLook = now }
    guard !silent.isEmpty, let lastLook, now - lastLook > Self.ownDelay else { return }
    for heart in silent.keys { silent[heart]? += now - lastLook }
  }

  /// Adds a heart that beat for an earlier monitor, so its silence is reported.
  mutating func watch(_ heart: EngineIdentity) {
    strangers.remove(heart)
    if misses[heart] == nil { misses[heart] = 0 }
  }

  /// Forgets a heart. Its silence is not reported, and its next beat counts as its first.
  mutating func forget(_ heart: EngineIdentity) {
    misses[heart] = nil
    responses.remove(heart)
    silent[heart] = nil
    strangers.remove(heart)
  }

  /// Notes that the engine of a heart is unknown. It is reported once a period while it beats, but not its silence.
  mutating func estrange(_ heart: EngineIdentity) {
    let hasBeaten = responses.contains(heart)
    forget(heart)
    guard strangers.count < Self.strangerLimit else { return }
    strangers.insert(heart)
    if hasBeaten { responses.insert(heart) }
  }
}

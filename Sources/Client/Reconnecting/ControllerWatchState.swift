/// Decides whether a client's controller is there, and what to do when it is not. A value without I/O: time is passed in.
///
/// A controller that ends closes its connections, which is noticed at once. One that is stopped or cut off is noticed
/// because it doesn't answer: while the client waits for something and hears nothing, it asks the hub for a sign of life.
/// In both cases the client waits for the controller for a limited time, after which the controller is lost.
struct ControllerWatchState: Sendable {
  /// The times of a watch.
  struct Timing: Sendable, Hashable {
    /// How long the controller may be silent while the client waits for something, until it is asked for a sign of life.
    var period = Duration.seconds(3)
    /// How often to look for a new connection file while the controller is missing.
    var lookInterval = Duration.seconds(1)
    /// How long the controller may be missing; `nil` for no limit.
    var timeout: Duration?
    /// Whether there is a connection file to look at.
    var hasFile = false
  }

  /// What is known about the controller.
  enum Phase: Sendable, Hashable {
    /// It is there, as far as is known.
    case present
    /// A connection to it has broken, or it has been asked for a sign of life, at this instant.
    case missing(since: ContinuousClock.Instant)
    /// It has been missing for too long. It may return all the same.
    case lost
  }

  /// What a driver does after an event.
  enum Action: Sendable, Hashable {
    /// Ask the hub for its engines and its instance. The answer is passed on with this number.
    case ping(Int)
    /// The controller is back after a connection had broken: what was under way may be lost.
    case resume(isRestarted: Bool)
    /// Nothing but what every answer that counts requires: take the hub's list of engines for the truth.
    case renewEngines
    /// Fail whatever waits for the controller, and open new connections.
    case giveUp
    /// Look whether the connection file names another controller.
    case readFile
  }

  private let timing: Timing
  /// How often connections have broken. What was asked before doesn't tell what becomes of requests after.
  private(set) var breaks = 0
  private(set) var phase = Phase.present
  private var instance: String?
  private var lastHeard: ContinuousClock.Instant
  /// Whether a connection has broken since the last answer that counts.
  private var isBroken = false
  /// The sockets for requests whose connections have ended and don't stand again.
  private var brokenChannels: Set<RequestChannel> = []
  private var pings = 0
  /// The first ping whose answer counts: earlier ones may have been answered before a connection broke.
  private var firstCounting = 1
  /// The first ping that was sent after a connection for news had come back; later ones if that has been answered.
  private var firstWithNews = Int.max
  private var lastPing: ContinuousClock.Instant?
  /// When the next tick should come.
  private var due: ContinuousClock.Instant?

  /// A process that did not run for longer than this was stopped itself, and the time doesn't count.
  private static let ownDelay = Duration.seconds(1)

  /// Starts to watch a controller that has answered.
  ///
  /// - Parameter instance: what the hub has called this run of the controller; `nil` if it has no name for it.
  init(timing: Timing, instance: String?, now: ContinuousClock.Instant) {
    self.timing = timing
    self.instance = instance
    lastHeard = now
  }

  /// The client begins to wait for something.
  mutating func waitBegan(at now: ContinuousClock.Instant) {
    noteStandstill(at: now)
    lastHeard = max(lastHeard, now)
  }

  /// Something came from the controller.
  mutating func heard(at now: ContinuousClock.Instant) {
    noteStandstill(at: now)
    lastHeard = max(lastHeard, now)
    if !isBroken, case .missing = phase { phase = .present }
  }

  /// A connection to the controller has ended.
  ///
  /// - Parameter channel: `nil` for the sockets that only receive.
  mutating func connectionBroke(_ channel: RequestChannel?, at now: ContinuousClock.Instant) -> [Action] {
    noteStandstill(at: now)
    isBroken = true
    breaks += 1
    if phase == .present { phase = .missing(since: now) }
    if let channel { brokenChannels.insert(channel) }
    firstCounting = pings + 1
    return reachesHub ? [ping(at: now)] : []
  }

  /// A connection stands.
  mutating func connected(_ channel: RequestChannel, at now: ContinuousClock.Instant) -> [Action] {
    noteStandstill(at: now)
    brokenChannels.remove(channel)
    return isBroken && reachesHub ? [ping(at: now)] : []
  }

  /// A connection over which the client only receives stands: the hub may have told of engines in vain before.
  mutating func receiverConnected(at now: ContinuousClock.Instant) -> [Action] {
    noteStandstill(at: now)
    guard breaks > 0 else { return [] }
    firstWithNews = pings + 1
    return reachesHub ? [ping(at: now)] : []
  }

  /// Whether the connection to the hub stands: a question that is sent before would only wait for it.
  private var reachesHub: Bool { !brokenChannels.contains(.query) }

  /// All connections were opened anew.
  mutating func reopened(at now: ContinuousClock.Instant) {
    _ = connectionBroke(.query, at: now)
    brokenChannels = Set(RequestChannel.allCases)
    lastPing = nil
  }

  /// Another controller takes the place of the one that was missing.
  mutating func replaced(at now: ContinuousClock.Instant) {
    phase = .missing(since: now)
    instance = nil
    reopened(at: now)
  }

  /// The hub has answered a ping.
  mutating func answered(_ number: Int, instance: String?, at now: ContinuousClock.Instant) -> [Action] {
    heard(at: now)
    // What waits for a connection is unknown to the hub, but not lost.
    guard number >= firstCounting, brokenChannels.isEmpty else { return [] }
    let isRestarted = instance != self.instance
    defer {
      phase = .present
      isBroken = false
      self.instance = instance
    }
    let hasNews = number >= firstWithNews
    if hasNews { firstWithNews = .max }
    if isBroken || isRestarted { return [.resume(isRestarted: isRestarted)] }
    return hasNews ? [.renewEngines] : []
  }

  /// Time has passed.
  ///
  /// - Parameter isWaiting: whether the client waits for anything.
  mutating func tick(at now: ContinuousClock.Instant, isWaiting: Bool) -> [Action] {
    noteStandstill(at: now)
    defer { due = deadline(after: now, isWaiting: isWaiting) }
    switch phase {
    case .present:
      guard isWaiting, now - lastHeard >= timing.period else { return [] }
      phase = .missing(since: now)
      return [ping(at: now)]
    case .missing(let since):
      if let timeout = timing.timeout, now - since >= timeout {
        phase = .lost
        return [.giveUp]
      }
      guard reachesHub, lastPing.map({ now - $0 >= timing.period }) ?? true else { return [.readFile] }
      return [.readFile, ping(at: now)]
    case .lost:
      guard let next = nextLatePing, next <= now else { return [.readFile] }
      return [.readFile, ping(at: now)]
    }
  }

  /// When to call ``tick(at:isWaiting:)`` next; `nil` when there is nothing to watch.
  mutating func nextTick(after now: ContinuousClock.Instant, isWaiting: Bool) -> ContinuousClock.Instant? {
    noteStandstill(at: now)
    due = deadline(after: now, isWaiting: isWaiting)
    return due
  }

  private func deadline(after now: ContinuousClock.Instant, isWaiting: Bool) -> ContinuousClock.Instant? {
    switch phase {
    case .present: isWaiting ? max(lastHeard + timing.period, now) : nil
    case .missing(let since):
      min(now + timing.lookInterval, timing.timeout.map { max(since + $0, now) } ?? now + timing.lookInterval)
    case .lost:
      [timing.hasFile ? now + timing.lookInterval : nil, nextLatePing.map { max($0, now) }].compactMap(\.self).min()
    }
  }

  /// When to ask a lost controller again that is connected but doesn't answer: rarely, because it may be stopped for long.
  private var nextLatePing: ContinuousClock.Instant? {
    reachesHub ? lastPing.map { $0 + timing.period * 10 } : nil
  }

  /// Whatever happens first after the process was stopped, tells that it was.
  private mutating func noteStandstill(at now: ContinuousClock.Instant) {
    guard let due, now - due > Self.ownDelay else { return }
    self.due = now
    let time = now - due
    if case .missing(let since) = phase { phase = .missing(since: since + time) }
    lastHeard += time
    lastPing = lastPing.map { $0 + time }
  }

  private mutating func ping(at now: ContinuousClock.Instant) -> Action {
    pings += 1
    lastPing = now
    return .ping(pings)
  }
}

/// Decides when an engine registers again and when its controller is lost for good. A value without I/O: time is passed in.
///
/// A controller that dies closes its connections. One that was stopped, or that has given up an engine which was stopped
/// itself, is noticed by a gap in the pings. A hub that knows nothing of an engine whose heart beats says so.
struct ControllerPresenceState: Sendable {
  /// What a driver does after an event.
  enum Action: Sendable, Hashable {
    /// Send the hub a registration.
    case register
    /// Look whether the connection file names another controller.
    case readFile
    /// The controller is lost for good.
    case lose
  }

  private let limit: Duration?
  private let leavesWithoutPings: Bool
  /// When the controller was missed first; `nil` while it is there.
  private(set) var missingSince: ContinuousClock.Instant?
  /// Whether the connection to the hub stands.
  private var isConnected = true
  /// When to register again because nobody has answered, or the hub has refused.
  private var retry: ContinuousClock.Instant?
  private var attempts = 0
  /// When the next tick should come.
  private var due: ContinuousClock.Instant?

  /// How long a network may take to mend a connection before an engine that won't wait takes the controller for lost.
  static let shortLimit = Duration.seconds(5)
  /// How often to look at the connection file while the controller is missing.
  static let lookInterval = Duration.seconds(1)
  /// The hub forgets a heart within half a minute by default. After that, another refusal has another reason.
  static let attemptLimit = 6
  private static let firstPause = Duration.seconds(1)
  private static let ownDelay = Duration.seconds(1)

  /// The state of an engine that is registered.
  ///
  /// - Parameter limit: how long ``ControllerLossPolicy/reconnect`` waits; `nil` for no limit.
  init(policy: ControllerLossPolicy, limit: Duration?) {
    self.limit = policy == .reconnect ? limit : Self.shortLimit
    leavesWithoutPings = policy != .reconnect
  }

  /// The connection to the hub has ended.
  mutating func connectionBroke(at now: ContinuousClock.Instant) -> [Action] {
    noteStandstill(at: now)
    isConnected = false
    retry = nil
    missingSince = missingSince ?? now
    return []
  }

  /// The connection to the hub stands.
  mutating func connected(at now: ContinuousClock.Instant) -> [Action] {
    isConnected = true
    return missingSince == nil ? [] : register(at: now)
  }

  /// The pings have stopped for too long.
  mutating func pingsStopped(at now: ContinuousClock.Instant) -> [Action] {
    missingSince = missingSince ?? now
    return leavesWithoutPings ? [.lose] : []
  }

  /// The pings have come back after a gap.
  mutating func pingsResumed(at now: ContinuousClock.Instant) -> [Action] {
    guard isConnected else { return [] }
    return register(at: now)
  }

  /// The hub asks for a registration.
  mutating func asked(at now: ContinuousClock.Instant) -> [Action] {
    // The hub may ask once per ping; one question is enough.
    retry == nil ? register(at: now) : []
  }

  /// The hub has accepted the registration.
  mutating func registered() {
    missingSince = nil
    retry = nil
    attempts = 0
  }

  /// The hub has refused the registration, for example because it believes that it has the engine.
  mutating func refused(at now: ContinuousClock.Instant) {
    missingSince = nil
    retry = attempts < Self.attemptLimit ? now + pause : nil
    if retry == nil { attempts = 0 }
  }

  /// The engine uses other endpoints from now on.
  mutating func moved(at now: ContinuousClock.Instant) {
    isConnected = false
    retry = nil
    attempts = 0
  }

  /// Time has passed.
  mutating func tick(at now: ContinuousClock.Instant) -> [Action] {
    noteStandstill(at: now)
    due = nil
    if let missingSince, let limit, now - missingSince >= limit { return [.lose] }
    var actions: [Action] = missingSince == nil ? [] : [.readFile]
    if let retry, retry <= now { actions += register(at: now) }
    return actions
  }

  /// When to call ``tick(at:)`` next; `nil` when there is nothing to wait for.
  mutating func nextTick(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
    noteStandstill(at: now)
    let end = missingSince.map { since in
      min(now + Self.lookInterval, limit.map { max(since + $0, now) } ?? now + Self.lookInterval)
    }
    due = [retry, end].compactMap(\.self).min()
    return due
  }

  /// The engine itself was stopped, and its time doesn't count. Whatever happens first after that tells.
  private mutating func noteStandstill(at now: ContinuousClock.Instant) {
    guard let due, now - due > Self.ownDelay else { return }
    self.due = now
    missingSince = missingSince.map { $0 + (now - due) }
  }

  private var pause: Duration { Self.firstPause * (1 << min(max(attempts - 1, 0), Self.attemptLimit)) }

  private mutating func register(at now: ContinuousClock.Instant) -> [Action] {
    attempts += 1
    retry = now + pause
    return [.register]
  }
}

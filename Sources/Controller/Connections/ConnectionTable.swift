import MartletZeroMQ

/// The connections of one socket, without I/O: which of them hold memory or a route that belongs to others, and have to
/// be ended.
///
/// A peer has *proven* that it has the key once a valid message came from it. Whoever has not may hold up others in
/// three ways, and each has an end:
///
/// - It sends a message that never ends, which libzmq keeps until it is complete: it may hold ``Limits/held`` bytes.
/// - It subscribes and does not read: it may fall behind by ``Limits/backlog`` bytes.
/// - It has an identity that belongs to another peer. libzmq ignores whoever connects with an identity in use, for as
///   long as that connection lasts. So when the connection of a proven peer has ended, which may have come back too
///   early, those who came after its last message and were never heard have to connect again; and so have all who came
///   before an engine could not be reached and were never heard. A first message that is on its way at that moment may be lost, so
///   nobody else has to.
///
/// Peers that are gone without a word hold their identities, too: their hosts have vanished, or a NAT between has forgotten
/// the connection. TCP keepalive finds them while nothing waits for them, and their systems' silence when something does.
/// The systems of peers that are stopped or don't read go on answering.
///
/// Where peers are admitted by their keys, a key may be revoked. Nothing but a message tells the key of a connection, so the
/// connections end over which the key came, and with them those over which nothing has come yet.
struct ConnectionTable {
  struct Limits: Sendable, Hashable {
    /// The bytes of an unfinished message from a peer that has not proven to have the key; nil for no limit.
    var held: UInt64?
    /// The bytes that a subscriber may be behind.
    var backlog: UInt64 = 1 << 29
    /// How long a heart may be connected without a beat, from the end of its handshake; nil for other sockets.
    var mutePatience: Duration?
    /// The bytes that a peer gets before the last message of the handshake; nothing else comes before that.
    var handshake = Self.greeting

    /// Everybody's first bytes in ZMTP 3 (RFC 23).
    private static let greeting: UInt64 = 64
    /// With CURVE there is a `WELCOME`, too (RFC 26).
    static let curveHandshake = greeting + 170
  }

  let role: ConnectionRole
  private let limits: Limits
  private let identifies: Bool
  private var connections: [Int32: Connection] = [:]
  /// The connections of peers that have not proven themselves.
  private var unproven: Set<Int32> = []
  /// The connections whose key is to be noted and isn't yet.
  private var unidentified: Set<Int32> = []
  /// The descriptors of connections that have ended lately.
  private var released: [Int32: Instant] = [:]
  /// Connections of proven peers that have ended lately.
  private var losses: [Loss] = []
  /// When to look next for peers whose systems are silent.
  private var nextSearch: Instant?

  /// How long after the end of a connection its peer is back, in vain if libzmq has not let go of the old one.
  static let reconnectionTime = Duration.seconds(2)
  /// How long after the end of a connection messages that came from it may be noted.
  static let noteTime = Duration.seconds(1)
  /// How long after the end of a connection libzmq may still ignore another one with its identity.
  static let releaseTime = Duration.milliseconds(500)
  /// The longest time for which a broken connection may have gone unnoticed while its peer made a new one.
  static let unnoticedTime = Duration.seconds(60)
  /// The bytes of the last message of the handshake at most; any request is longer.
  static let longestReady: UInt64 = 192
  /// How long a peer's system may acknowledge nothing while something waits for it.
  static let longestSilence = Duration.seconds(20)
  /// How often to look for silent ones, as each connection costs a system call.
  static let searchInterval = Duration.seconds(2)
  /// The bytes that nobody asks about.
  static let suspicion: UInt64 = 1 << 20

  /// - Parameter identifies: whether the keys of peers are noted.
  init(role: ConnectionRole, limits: Limits = Limits(), identifies: Bool = false) {
    self.role = role
    self.limits = limits
    self.identifies = identifies
  }

  var count: Int { connections.count }

  /// Whether the socket's loop has to tell where messages come from.
  var isListening: Bool { role != .subscribers && !unproven.isEmpty || !unidentified.isEmpty }

  /// The connections that hold much, and how many bytes.
  var holders: [(descriptor: Int32, held: UInt64)] {
    unproven.compactMap { descriptor in
      guard let held = connections[descriptor]?.held, held > Self.suspicion else { return nil }
      return (descriptor, held)
    }
  }

  /// All connections, and when each was accepted.
  var all: [(descriptor: Int32, accepted: Instant)] {
    connections.map { ($0.key, $0.value.accepted) }.sorted { $0.0 < $1.0 }
  }

  mutating func accepted(_ descriptor: Int32, now: Instant) {
    connections[descriptor] = Connection(
      accepted: now, predecessorEnd: released.removeValue(forKey: descriptor), opened: now, isWatched: isListening,
      lastHeard: now)
    unproven.insert(descriptor)
    if identifies { unidentified.insert(descriptor) }
  }

  mutating func disconnected(_ descriptor: Int32, now: Instant) {
    guard let connection = connections.removeValue(forKey: descriptor) else { return }
    unproven.remove(descriptor)
    unidentified.remove(descriptor)
    released[descriptor] = now
    if role.mayEndUnheard, connection.isProven { losses.append(Loss(lastHeard: connection.lastHeard, end: now)) }
  }

  /// A message came from the connection that had a descriptor at some time.
  ///
  /// - Parameter key: the peer's public CURVE key, if it is known.
  mutating func heard(_ descriptor: Int32, isValid: Bool, key: String? = nil, at time: Instant) {
    guard let connection = connections[descriptor], connection.predecessorEnd ?? time <= time else { return }
    if let key {
      connections[descriptor]?.key = key
      unidentified.remove(descriptor)
    }
    connections[descriptor]?.isHeard = true
    connections[descriptor]?.lastHeard = time
    connections[descriptor]?.isHeardSinceCheck = true
    // One that came before the connection was noted may still be the former one's, if that was noted late.
    if isValid, role.provesPeers, connection.predecessorEnd == nil || connection.accepted <= time {
      connections[descriptor]?.isProven = true
      unproven.remove(descriptor)
    }
  }

  /// An engine that lives can't be reached: the connections have to end that have proven nothing and may be ignored. If it
  /// had come later, when nobody had its identity, it would be reached.
  ///
  /// libzmq sends nothing but the handshake to a peer that it ignores, so one that was sent more stays: what is on its way to
  /// it would be lost.
  ///
  /// - Parameters:
  ///   - time: since when it can't be reached.
  ///   - traffic: what has passed through a connection; nil if that is unknown.
  func missingEngine(since time: Instant, traffic: (Int32) -> AcceptedConnection.Traffic?) -> [End] {
    unproven.compactMap { descriptor in
      guard let connection = connections[descriptor], connection.opened <= time + Self.releaseTime else { return nil }
      if let traffic = traffic(descriptor), traffic.sent > limits.handshake + Self.longestReady { return nil }
      return End(descriptor: descriptor, reason: .unreachable)
    }
  }

  /// The connections that have to end after a key was revoked. Connections are noted late, so ask for
  /// ``revocationTime`` after that.
  ///
  /// - Parameters:
  ///   - time: when it was revoked.
  ///   - isAdmitted: whether a key is admitted.
  func revoked(at time: Instant, isAdmitted: (String) -> Bool) -> [End] {
    connections.compactMap { descriptor, connection in
      if let key = connection.key {
        return isAdmitted(key) ? nil : End(descriptor: descriptor, reason: .revoked)
      }
      guard connection.accepted <= time + Self.revocationTime / 4 else { return nil }
      return End(descriptor: descriptor, reason: .unidentified)
    }.sorted { $0.descriptor < $1.descriptor }
  }

  /// How long after a revocation connections that were made before may be noted.
  static let revocationTime = Duration.seconds(1)

  /// Checks all connections. Call it some times a second, after what was heard has been noted.
  ///
  /// - Parameters:
  ///   - published: the bytes sent to every subscriber so far.
  ///   - traffic: what has passed through a connection; nil if that is unknown.
  mutating func check(
    now: Instant, published: UInt64, traffic: (Int32) -> AcceptedConnection.Traffic?
  ) -> [End] {
    var ends: [End] = []
    let due = losses.prefix { $0.deadline <= now }
    losses.removeFirst(due.count)
    if !released.isEmpty { released = released.filter { now - $0.value < Self.noteTime } }
    for descriptor in unproven {
      guard var connection = connections[descriptor] else { continue }
      defer { connections[descriptor] = connection }
      let traffic = traffic(descriptor)
      if !connection.isHeard {
        // Where hundreds come at once, a handshake takes its time; whoever has to begin it again is later still.
        if let traffic, traffic.acknowledged <= limits.handshake { connection.opened = now }
        if let patience = limits.mutePatience, now - connection.opened > patience {
          ends.append(End(descriptor: descriptor, reason: .mute))
          continue
        }
      }
      let isQuiet = traffic.map { $0.received == connection.known } ?? true
      connection.known = traffic?.received ?? 0
      if !connection.isHeard, isQuiet, now - connection.accepted < Self.unnoticedTime,
        due.contains(where: { $0.isFollowed(by: connection.accepted) })
      {
        ends.append(End(descriptor: descriptor, reason: .unreachable))
        continue
      }
      guard let traffic else { continue }
      if role == .subscribers {
        if let backlog = connection.backlog(traffic, published: published), backlog > limits.backlog {
          ends.append(End(descriptor: descriptor, reason: .backlog))
        }
      } else {
        connection.note(received: traffic.received)
        if let limit = limits.held, connection.held > limit {
          ends.append(End(descriptor: descriptor, reason: .held))
        }
      }
    }
    ends += silent(now: now, traffic: traffic)
    return ends.sorted { $0.descriptor < $1.descriptor }
  }

  /// The connections whose peers are gone without a word.
  private mutating func silent(now: Instant, traffic: (Int32) -> AcceptedConnection.Traffic?) -> [End] {
    if let nextSearch, now < nextSearch { return [] }
    nextSearch = now + Self.searchInterval
    var ends: [End] = []
    for descriptor in Array(connections.keys) {
      guard let traffic = traffic(descriptor) else { continue }
      let since = traffic.waiting > 0 ? connections[descriptor]?.waitsSince ?? now : nil
      connections[descriptor]?.waitsSince = since
      // A peer that had nothing to acknowledge for hours is not silent because of that.
      guard let since, min(now - since, traffic.silence) > Self.longestSilence else { continue }
      ends.append(End(descriptor: descriptor, reason: .silent))
    }
    return ends
  }
}

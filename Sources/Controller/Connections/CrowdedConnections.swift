import MartletZeroMQ

/// Who takes the memory when the process has little of it left, among peers that may have the key: one that doesn't read what
/// is sent to it, or one whose message doesn't end. libzmq tells neither how much waits for a peer nor how much of a message
/// has come, so what the connections' counters do from one look to the next has to tell.
///
/// Looks begin when memory gets short and end when it isn't any more. A value without I/O: counters and time are arguments.
struct CrowdedConnections {
  /// A connection, as it is at a look.
  struct Look {
    let descriptor: Int32
    /// When it was accepted, which tells it from an earlier one with its descriptor.
    let accepted: Instant
    /// What has passed through it; `nil` if that is unknown, as for `ipc`.
    let traffic: AcceptedConnection.Traffic?
    /// The bytes that wait in the system for the peer.
    let waiting: Int
    /// Whether a whole message came since the last look.
    let isHeard: Bool
  }

  /// A connection that may be to blame. The greatest one is the most likely.
  struct Suspect: Comparable {
    let end: ConnectionTable.End
    fileprivate let weight: (kind: Kind, bytes: UInt64)

    static func < (one: Suspect, other: Suspect) -> Bool { one.weight < other.weight }
    static func == (one: Suspect, other: Suspect) -> Bool { one.weight == other.weight }
  }

  /// What speaks against a connection, the weakest first.
  fileprivate enum Kind: Int, Comparable {
    /// No message came since the first look, but something before: perhaps a part of one.
    case quiet
    /// Something waited at each look.
    case slow
    /// Much came since the last message.
    case unfinished
    /// Something waits, and the peer reads nothing.
    case stalled

    static func < (one: Kind, other: Kind) -> Bool { one.rawValue < other.rawValue }
  }

  private struct History {
    let accepted: Instant
    /// What the peer had read at the first look and at the last one.
    let firstRead: UInt64
    var lastRead: UInt64
    /// What waited for it at the last look.
    var waiting: Int
    var hasAlwaysWaited: Bool
    /// At how many looks in a row something waited and had not become less.
    var stalledLooks = 0
    var isHeard: Bool
    /// The bytes received when a message came last, or at the first look.
    var base: UInt64
  }

  private var histories: [Int32: History] = [:]
  private var begin: Instant?

  /// Whether looks have begun.
  var isLooking: Bool { begin != nil }

  /// How long memory is short before weak suspicions count: until then those with a better reason have been found.
  static let patience = Duration.seconds(5)

  /// How often in a row a peer has to look as if it read nothing where its system doesn't tell what it has read.
  static let uncertainLooks = 3

  /// Looks at all connections of a socket whose peers send requests or replies.
  ///
  /// - Returns: who may be to blame.
  mutating func look(at connections: [Look], now: Instant) -> [Suspect] {
    let begin = begin ?? now
    self.begin = begin
    let known = histories
    histories.removeAll(keepingCapacity: true)
    return connections.compactMap { look in
      let (read, received) = (look.traffic?.acknowledged ?? 0, look.traffic?.received ?? 0)
      guard var history = known[look.descriptor], history.accepted == look.accepted else {
        histories[look.descriptor] = History(
          accepted: look.accepted, firstRead: read, lastRead: read, waiting: look.waiting,
          hasAlwaysWaited: look.waiting > 0, isHeard: look.isHeard, base: received)
        return nil
      }
      let isStalled =
        look.waiting > 0 && history.waiting > 0 && look.hasReadNothing(since: history.lastRead, history.waiting)
      history.stalledLooks = isStalled ? history.stalledLooks + 1 : 0
      history.lastRead = read
      history.waiting = look.waiting
      history.hasAlwaysWaited = history.hasAlwaysWaited && look.waiting > 0
      if look.isHeard { (history.isHeard, history.base) = (true, received) }
      histories[look.descriptor] = history
      // Of those that read, the one that has read least.
      let unread = UInt64.max - (read - min(history.firstRead, read))
      let held = received - min(history.base, received)
      if history.stalledLooks >= (look.traffic == nil ? Self.uncertainLooks : 1) {
        return .init(look, .stalled, unread)
      }
      if held > ConnectionTable.suspicion { return .init(look, .unfinished, held) }
      guard now - begin >= Self.patience else { return nil }
      if history.hasAlwaysWaited { return .init(look, .slow, unread) }
      return !history.isHeard && received > ConnectionTable.suspicion ? .init(look, .quiet, received) : nil
    }
  }

  /// Memory isn't short any more.
  mutating func forget() {
    histories = [:]
    begin = nil
  }
}

extension CrowdedConnections.Look {
  /// Whether the peer seems to have read nothing since an earlier look. Where its system doesn't tell, as much waits as
  /// before; that may be so by chance.
  fileprivate func hasReadNothing(since read: UInt64, _ waiting: Int) -> Bool {
    traffic.map { $0.acknowledged == read } ?? (self.waiting == waiting)
  }
}

extension CrowdedConnections.Suspect {
  fileprivate init(_ look: CrowdedConnections.Look, _ kind: CrowdedConnections.Kind, _ bytes: UInt64) {
    let reason: ConnectionTable.Reason =
      switch kind {
      case .stalled, .slow: .unread
      case .unfinished: .held
      case .quiet: .quiet
      }
    self.init(end: .init(descriptor: look.descriptor, reason: reason), weight: (kind, bytes))
  }
}

import MartletZeroMQ

/// What is known about a connection, or about one that has ended.
extension ConnectionTable {
  struct Connection {
    let accepted: Instant
    /// When the connection ended that had its descriptor just before: a message that came earlier was that one's. The
    /// time of acceptance doesn't tell, since a connection may be noted later than its first message.
    let predecessorEnd: Instant?
    /// When it was seen last that the handshake was under way; until its end the peer has no identity.
    var opened: Instant
    /// Whether all of its messages were noticed so far.
    var isWatched: Bool
    /// Whether any message came, and when the last one did.
    var isHeard = false
    var lastHeard: Instant
    var isHeardSinceCheck = false
    var isProven = false
    /// The peer's public CURVE key, where keys are noted and once a message has come.
    var key: String?
    /// The bytes received when a message came last.
    var base: UInt64 = 0
    /// The bytes received since then: an unfinished message.
    var held: UInt64 = 0
    /// The bytes received at the last check.
    var known: UInt64 = 0
    /// Since when something waits for the peer.
    var waitsSince: Instant?
    /// What had been published and acknowledged when nothing waited last.
    var caughtUp: (published: UInt64, acknowledged: UInt64)?
  }

  /// The end of a proven peer's connection. If the peer has come back too early, it did so after its last message and
  /// before libzmq has let go of the old one, and it is told to connect again when the time is up.
  struct Loss {
    let lastHeard: Instant
    let end: Instant
    var deadline: Instant { end + ConnectionTable.reconnectionTime }

    func isFollowed(by accepted: Instant) -> Bool {
      lastHeard <= accepted && accepted <= end + ConnectionTable.releaseTime
    }
  }
}

extension ConnectionTable.Connection {
  /// Notes what was received. Without a message since the last check, it adds to an unfinished one.
  mutating func note(received: UInt64) {
    if isHeardSinceCheck || !isWatched { base = received }
    (isHeardSinceCheck, isWatched) = (false, true)
    held = received - min(base, received)
  }

  /// How far a subscriber is behind; nil if nothing waits for it.
  mutating func backlog(_ traffic: AcceptedConnection.Traffic, published: UInt64) -> UInt64? {
    guard traffic.waiting > 0 else {
      caughtUp = nil
      return nil
    }
    guard let caughtUp else {
      caughtUp = (published, traffic.acknowledged)
      return nil
    }
    let (sent, read) = (published - caughtUp.published, traffic.acknowledged - caughtUp.acknowledged)
    return sent - min(read, sent)
  }
}

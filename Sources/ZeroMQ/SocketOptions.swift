/// The types of ZeroMQ sockets that Martlet uses, described in zmq_socket(3).
public enum SocketType: Sendable, Hashable {
  /// ROUTER: puts the sender's identity in front of each message it receives, and sends a message to the peer whose
  /// identity is the first frame.
  case router
  /// DEALER: sends to its peers in turn and receives from all of them.
  case dealer
  /// PUB: sends a message to those peers that have subscribed to a prefix of it. Never waits: what a peer has no room
  /// for is dropped.
  case publish
  /// SUB: receives the messages that begin with one of its ``SocketOptions/subscriptions``.
  case subscribe
  /// XPUB: a PUB that receives its peers' subscriptions as messages.
  case xpublish
  /// XSUB: a SUB that subscribes by sending messages.
  case xsubscribe
  /// PAIR: exchanges messages with a single peer.
  case pair
  /// PUSH: sends to its peers in turn and receives nothing.
  case push
  /// PULL: receives from all of its peers and sends nothing.
  case pull
}

/// CURVE security of one socket.
///
/// Without a ZAP handler, a CURVE server accepts every client that knows its public key. ipyparallel uses it that way: the
/// connection file is the secret.
public enum CurveRole: Sendable, Hashable {
  /// The bound side, with its key pair.
  case server(CurveKeyPair)
  /// The connecting side: its own key pair and the server's public key (40 characters of Z85).
  case client(CurveKeyPair, serverKey: String)
}

/// Typed options of a socket, applied before it binds or connects.
public struct SocketOptions: Sendable {
  /// Routing identity, at most 255 bytes. Default: libzmq generates one.
  public var identity: Bytes?
  /// Messages queued for a peer before sending blocks or drops. Default 0, no limit: libzmq's default of 1,000 would
  /// silently drop IOPub messages.
  public var sendHighWaterMark = 0
  /// Messages queued from a peer before it is held back. Default 0, no limit.
  public var receiveHighWaterMark = 0
  /// How long unsent messages hold up the closing of the context. Default one second.
  public var linger: Duration = .seconds(1)
  /// CURVE keys; `nil` for none.
  public var curve: CurveRole?
  /// ROUTER only: report a message for an unknown identity as ``SendResult/unroutable`` instead of dropping it.
  public var mandatory = false
  /// A larger frame closes the connection it arrives on. `nil`: no limit.
  public var maxMessageSize: Int?
  /// XPUB only: report every subscription as a message, even if another peer has made the same one.
  public var reportsSubscriptions = false
  /// SUB only: prefixes to subscribe to.
  public var subscriptions: [Bytes] = []
  /// The longest pause between attempts to connect again, which starts at 100 ms and doubles. `nil`: always 100 ms.
  public var longestReconnectPause: Duration?
  /// Idle time before the first TCP keepalive probe. `nil`: the system's default (off).
  public var tcpKeepaliveIdle: Duration?
  /// Interval of the probes after the first; the third that is not answered ends the connection. A peer's system answers
  /// even if its process is stopped.
  public var tcpKeepaliveInterval: Duration = .seconds(5)
  /// How long the peer's system may leave what was sent unacknowledged; then the connection ends. Keepalive does not
  /// notice that: it asks only while nothing is on its way. A process that is stopped and has more waiting for it than its
  /// system takes counts as silent, too. `nil`: the system's default (a quarter of an hour on Linux).
  public var tcpUnacknowledgedTime: Duration?
  /// Interval of ZMTP pings; the connection is closed after three missed answers. `nil`: no pings.
  public var heartbeatInterval: Duration?

  /// All defaults.
  public init() {}

  /// Defaults with an identity.
  public init(identity: Bytes) { self.identity = identity }
}

import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// The receiving side of a client: verifies incoming messages and passes them to the results they belong to. An actor
/// pinned to its event loop.
actor Connection {
  nonisolated let loop: EventLoop
  nonisolated let directory = Mutex(WatchedDirectory())
  nonisolated let outbox: Outbox
  nonisolated let messageIDs: MessageIDs
  /// What every engine gets, also later ones.
  nonisolated let standing = Mutex(StandingTable())
  /// The tasks that wait for their next attempt.
  nonisolated let backoffs = Backoffs()
  nonisolated let logger: Logger
  private nonisolated let traffic = Mutex(ClientTraffic())
  /// The endpoints in use.
  private nonisolated let current: Mutex<ConnectionInfo>
  /// Whether the watch of the controller runs, or need not run.
  nonisolated let isWatching = Atomic(true)

  /// Verifies incoming messages. The outbox has a session of its own to sign requests.
  var session: Session
  var sockets: [RequestChannel: SharedSocket] = [:]
  var tokens: [EventLoop.Token] = []
  private var subscribers: [SharedSocket] = []
  /// Released after the sockets are closed.
  private var socketWatches: [SocketWatch] = []
  private var context: Context?
  private var linger = Duration.zero
  /// `nil` before the controller has answered for the first time.
  var watch: ControllerWatch?
  /// Notifications that have come while requests are refused, up to a limit: the list of engines follows anyway.
  var earlyNews: [Message] = []
  static let earlyNewsLimit = 4096
  /// Whether anything has arrived since the last look at the clock.
  var hasHeard = false
  var routes = OutputRoutes()
  var incoming = Multipart()
  /// Refused messages by channel.
  var rejections: [String: RejectionLog] = [:]
  var strayReplies = LogThrottle()
  var receiveFailures = LogThrottle()

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  /// How many messages of a socket are handled before other sockets get their turn.
  static let batch = 100

  init(info: ConnectionInfo, messageIDs: MessageIDs, logger: Logger) throws {
    loop = try EventLoop(name: "martlet-client")
    session = try Session(key: info.key, scheme: info.signatureScheme)
    outbox = Outbox(
      session: try Session(id: messageIDs.session, key: info.key, scheme: info.signatureScheme), logger: logger)
    current = Mutex(info)
    self.messageIDs = messageIDs
    self.logger = logger
  }

  /// Opens all sockets and starts to receive.
  ///
  /// - Parameters:
  ///   - info: the endpoints and the controller's public key.
  ///   - context: the ZeroMQ context the sockets belong to.
  ///   - linger: how long unsent messages hold up the closing of the context.
  /// - Throws: `ConnectionError` for a missing channel, `ZeroMQError` for an unusable endpoint.
  func open(_ info: ConnectionInfo, in context: Context, linger: Duration) throws {
    self.context = context
    self.linger = linger
    try openSockets(info)
  }

  /// Replaces all sockets. What the old ones can't send within the linger time is dropped.
  ///
  /// - Throws: as ``open(_:in:linger:)``; the old sockets are closed then all the same.
  func reopen(_ info: ConnectionInfo) throws {
    let former = connectionInfo
    if info.key != former.key || info.signatureScheme != former.signatureScheme {
      session = try Session(key: info.key, scheme: info.signatureScheme)
      try outbox.useKey(info.key, scheme: info.signatureScheme)
    }
    for token in tokens { loop.cancel(token) }
    tokens = []
    // Requests always find a socket: the old ones close when there are others.
    let old = (sockets: Array(sockets.values) + subscribers, watches: socketWatches)
    (sockets, subscribers, socketWatches) = ([:], [], [])
    defer { withExtendedLifetime(old.watches) { for socket in old.sockets { socket.close() } } }
    try openSockets(info)
    current.withLock { $0 = info }
  }

  private func openSockets(_ info: ConnectionInfo) throws {
    guard let context else { throw ClientError.closed }
    var options = SocketOptions()
    options.linger = linger
    options.longestReconnectPause = Self.longestReconnectPause
    options.tcpKeepaliveIdle = Self.keepaliveIdle
    options.tcpUnacknowledgedTime = Self.unacknowledgedTime
    options.curve = try info.curveRole()
    for channel in RequestChannel.allCases {
      let socket = try connect(context, .dealer, options, to: try info.endpoint(channel.connection), channel)
      sockets[channel] = socket
      tokens.append(loop.onReadable(socket) { self.receiveReplies(socket, channel) })
    }
    options.subscriptions = [Bytes()]
    let notifications = try connect(context, .subscribe, options, to: try info.endpoint(.notification))
    tokens.append(loop.onReadable(notifications) { self.receiveNotifications(notifications) })
    let iopub = try connect(context, .subscribe, options, to: try info.endpoint(.iopub))
    tokens.append(loop.onReadable(iopub) { self.receiveOutput(iopub) })
    subscribers = [notifications, iopub]
    outbox.open(sockets)
  }

  private func connect(
    _ context: Context, _ type: SocketType, _ options: SocketOptions, to endpoint: String,
    _ channel: RequestChannel? = nil
  ) throws -> SharedSocket {
    let socket = try Socket(context, type, options: options)
    let watch = try SocketWatch.watch(socket, context: context, name: "client-\(Session.randomID())")
    try socket.connect(endpoint)
    let shared = try SharedSocket(socket)
    socketWatches.append(watch)
    tokens.append(watch.onChange(loop) { self.connectionChanged(channel, $0) })
    return shared
  }

  private func closeSockets() {
    for token in tokens { loop.cancel(token) }
    tokens = []
    for socket in Array(sockets.values) + subscribers { socket.close() }
    (sockets, subscribers) = ([:], [])
    socketWatches = []
  }

  private static let longestReconnectPause = Duration.seconds(1)
  /// The system notices within minutes that the other host is gone without a word, even on a connection that only
  /// receives.
  private static let keepaliveIdle = Duration.seconds(30)
  /// Sooner than the controller is given up: a NAT may have forgotten the connection, and another one can be made.
  private static let unacknowledgedTime = Duration.seconds(20)

  // MARK: - From any thread

  /// Sends a request.
  nonisolated func send(_ request: Request) {
    let otherIDs = request.expected.filter { !$0.outputIDs.isEmpty }
    // The loop runs this before it receives anything the request leads to, because the request is sent afterwards.
    if !otherIDs.isEmpty {
      // A loop that has ended has closed the outbox, which fails the request.
      try? loop.execute { self.assumeIsolated { $0.addRoutes(otherIDs) } }
    }
    outbox.send(request)
    // The watch stops when nothing is outstanding. Looking at it costs a request no more than a load.
    if !isWatching.load(ordering: .relaxed), !isWatching.exchange(true, ordering: .acquiringAndReleasing) {
      try? loop.execute { self.assumeIsolated { $0.beginWatching() } }
    }
  }

  /// The endpoints in use, which change when the connection file does while the controller is missing.
  nonisolated var connectionInfo: ConnectionInfo { current.withLock { $0 } }

  /// How many messages were refused or dropped so far.
  nonisolated var currentTraffic: ClientTraffic { traffic.withLock { $0 } }

  nonisolated func count(_ change: @Sendable (inout ClientTraffic) -> Void) { traffic.withLock { change(&$0) } }

  /// Fails all unfinished tasks, closes the sockets and stops the loop.
  nonisolated func shutDown(_ reason: ClientError) {
    // Throws if another call has stopped the loop before.
    try? loop.execute { self.assumeIsolated { $0.tearDown(reason) } }
    loop.stop()
  }

  // MARK: - On the loop

  /// Fails all unfinished tasks and closes the sockets; the loop keeps running.
  func tearDown(_ reason: ClientError) {
    for destination in outbox.close(reason) { destination.fail(reason) }
    for waiting in backoffs.close(reason) { waiting.state.finish(waiting.slot, .failure(reason), output: .none) }
    endWatch()
    closeSockets()
    context = nil
    for watcher in directory.withLock({ $0.end() }) { watcher.finish() }
  }

  private func addRoutes(_ expected: [ExpectedReply]) {
    for reply in expected {
      for id in reply.outputIDs { routes.add(id, reply.destination) }
    }
  }
}

import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// The receiving side of a client: verifies incoming messages and passes them to the results they belong to. An actor
/// pinned to its event loop.
actor Connection {
  nonisolated let loop: EventLoop
  nonisolated let directory: Mutex<DirectoryState>
  nonisolated let outbox: Outbox
  nonisolated let logger: Logger
  private nonisolated let traffic = Mutex(ClientTraffic())

  /// Verifies incoming messages. The outbox has a session of its own to sign requests.
  var session: Session
  var sockets: [RequestChannel: SharedSocket] = [:]
  var tokens: [EventLoop.Token] = []
  var routes = OutputRoutes()
  var incoming = Multipart()
  /// Refused messages by channel.
  var rejections: [String: RejectionLog] = [:]
  var strayReplies = LogThrottle()
  var receiveFailures = LogThrottle()

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  /// The engines, and the streams to notify when they change.
  struct DirectoryState: Sendable {
    var engines = EngineDirectory()
    var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
    var nextWatcher = 0
  }

  /// How many messages of a socket are handled before other sockets get their turn.
  static let batch = 100

  init(info: ConnectionInfo, session id: String, logger: Logger) throws {
    loop = try EventLoop(name: "martlet-client")
    session = try Session(key: info.key, scheme: info.signatureScheme)
    outbox = Outbox(session: try Session(id: id, key: info.key, scheme: info.signatureScheme), logger: logger)
    directory = Mutex(DirectoryState())
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
    var options = SocketOptions()
    options.linger = linger
    if let serverKey = info.curveServerKey {
      options.curve = .client(try CurveKeyPair.generate(), serverKey: serverKey)
    }
    for channel in RequestChannel.allCases {
      let socket = try Self.connect(context, .dealer, options, to: try info.endpoint(channel.connection))
      sockets[channel] = socket
      tokens.append(loop.onReadable(socket) { self.receiveReplies(socket, channel) })
    }
    outbox.open(sockets)
    options.subscriptions = [Bytes()]
    let notifications = try Self.connect(context, .subscribe, options, to: try info.endpoint(.notification))
    tokens.append(loop.onReadable(notifications) { self.receiveNotifications(notifications) })
    let iopub = try Self.connect(context, .subscribe, options, to: try info.endpoint(.iopub))
    tokens.append(loop.onReadable(iopub) { self.receiveOutput(iopub) })
  }

  private static func connect(
    _ context: Context, _ type: SocketType, _ options: SocketOptions, to endpoint: String
  ) throws(ZeroMQError) -> SharedSocket {
    let socket = try Socket(context, type, options: options)
    try socket.connect(endpoint)
    return try SharedSocket(socket)
  }

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
  }

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
    for token in tokens { loop.cancel(token) }
    tokens = []
    sockets = [:]
    let watchers = directory.withLock { state in
      defer { state.watchers = [:] }
      return state.watchers
    }
    for watcher in watchers.values { watcher.finish() }
  }

  private func addRoutes(_ expected: [ExpectedReply]) {
    for reply in expected {
      for id in reply.outputIDs { routes.add(id, reply.destination) }
    }
  }
}

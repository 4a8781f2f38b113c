import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// The loop's side of a client: checks what comes in and hands it to its results. Pinned to its event loop.
actor Connection {
  nonisolated let loop: EventLoop
  nonisolated let directory: Mutex<DirectoryState>
  nonisolated let outbox: Outbox
  nonisolated let logger: Logger
  private nonisolated let traffic = Mutex(ClientTraffic())

  /// Checks what comes in; what is sent is the outbox's.
  var session: Session
  var sockets: [RequestChannel: SharedSocket] = [:]
  var tokens: [EventLoop.Token] = []
  var routes = OutputRoutes()
  var incoming = Multipart()

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  /// The engines, and who wants to know when they change.
  struct DirectoryState: Sendable {
    var engines = EngineDirectory()
    var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
    var nextWatcher = 0
  }

  /// Messages handled in one go on a socket before others get their turn.
  static let batch = 100

  init(info: ConnectionInfo, session id: String, logger: Logger) throws {
    loop = try EventLoop(name: "martlet-client")
    session = try Session(key: info.key, scheme: info.signatureScheme)
    outbox = Outbox(session: try Session(id: id, key: info.key, scheme: info.signatureScheme), logger: logger)
    directory = Mutex(DirectoryState())
    self.logger = logger
  }

  /// Opens all sockets and starts to listen.
  ///
  /// - Throws: `ConnectionError` for a missing channel, `ZeroMQError` for an unusable endpoint.
  func open(_ info: ConnectionInfo, _ configuration: ClientConfiguration) throws {
    let context = try Context(ioThreads: configuration.ioThreads)
    var options = SocketOptions()
    options.linger = configuration.linger
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
  nonisolated func submit(_ request: Request) {
    let otherIDs = request.expected.filter { !$0.outputIDs.isEmpty }
    // Before the request: the loop does this before it receives anything that the request leads to.
    if !otherIDs.isEmpty {
      // A loop that has ended has closed the outbox, which fails the request.
      try? loop.execute { self.assumeIsolated { $0.addRoutes(otherIDs) } }
    }
    outbox.submit(request)
  }

  /// What was refused or lost so far.
  nonisolated var currentTraffic: ClientTraffic { traffic.withLock { $0 } }

  nonisolated func count(_ change: @Sendable (inout ClientTraffic) -> Void) { traffic.withLock { change(&$0) } }

  /// Ends everything that waits, closes the sockets and stops the loop.
  nonisolated func shutDown(_ reason: ClientError) {
    // Throws if another call has stopped the loop before.
    try? loop.execute { self.assumeIsolated { $0.tearDown(reason) } }
    loop.stop()
  }

  // MARK: - On the loop

  /// Ends everything that waits and closes the sockets; the loop goes on.
  func tearDown(_ reason: ClientError) {
    for destination in outbox.close() { destination.fail(reason) }
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

extension Destination {
  /// Ends a task that will get no reply.
  func fail(_ error: any Error) { state.complete(slot, .failure(error), output: .none) }
}

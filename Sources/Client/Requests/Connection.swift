import Logging
import Synchronization
import Wire
import ZeroMQ

/// The loop's side of a client: owns the sockets, signs and sends requests, checks replies and hands them to their
/// results. Pinned to its event loop, so that none of it needs a lock.
actor Connection {
  nonisolated let loop: EventLoop
  nonisolated let directory: Mutex<DirectoryState>
  nonisolated let outbox = Outbox()
  nonisolated let logger: Logger
  private nonisolated let traffic = Mutex(ClientTraffic())
  private nonisolated let isStopped = Atomic<Bool>(false)

  var session: Session
  var sockets: [RequestChannel: SocketBox] = [:]
  var notifications: SocketBox?
  var iopub: SocketBox?
  var tokens: [EventLoop.Token] = []
  var outstanding = OutstandingRequests<Destination>()
  var routes = OutputRoutes()
  var incoming = Multipart()
  private var outgoing = Multipart()
  private var pending: ArraySlice<Request> = []

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  /// The engines, and who wants to know when they change.
  struct DirectoryState: Sendable {
    var engines = EngineDirectory()
    var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
    var nextWatcher = 0
  }

  /// A socket that can be kept in a collection; closed when the last reference goes.
  final class SocketBox {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }

  /// Messages handled in one go on a socket before others get their turn.
  static let batch = 100

  init(info: ConnectionInfo, session id: String, logger: Logger) throws {
    loop = try EventLoop(name: "martlet-client")
    do {
      session = try Session(id: id, key: info.key, scheme: info.signatureScheme)
    } catch {
      loop.stop()
      throw error
    }
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
      let box = SocketBox(try Socket(context, .dealer, options: options))
      try box.socket.connect(try info.endpoint(channel.connection))
      sockets[channel] = box
      tokens.append(loop.onReadable(box.socket) { self.receiveReplies(box, channel) })
    }
    options.subscriptions = [Bytes()]
    let notifications = SocketBox(try Socket(context, .subscribe, options: options))
    try notifications.socket.connect(try info.endpoint(.notification))
    self.notifications = notifications
    tokens.append(loop.onReadable(notifications.socket) { self.receiveNotifications(notifications) })
    let iopub = SocketBox(try Socket(context, .subscribe, options: options))
    try iopub.socket.connect(try info.endpoint(.iopub))
    self.iopub = iopub
    tokens.append(loop.onReadable(iopub.socket) { self.receiveOutput(iopub) })
  }

  // MARK: - From any thread

  /// Gives a request to the loop.
  nonisolated func submit(_ request: Request) {
    switch outbox.submit(request) {
    case .wake: loop.execute { self.assumeIsolated { $0.drainOutbox() } }
    case .queued: break
    case .closed: for expected in request.expected { expected.destination.fail(ClientError.closed) }
    }
  }

  /// Stops waiting for a reply.
  nonisolated func giveUp(_ id: String) {
    guard !isStopped.load(ordering: .relaxed) else { return }
    loop.execute { self.assumeIsolated { $0.outstanding.giveUp(id) } }
  }

  /// What was refused or lost so far.
  nonisolated var currentTraffic: ClientTraffic { traffic.withLock { $0 } }

  nonisolated func count(_ change: @Sendable (inout ClientTraffic) -> Void) { traffic.withLock { change(&$0) } }

  /// Ends everything that waits, closes the sockets and stops the loop.
  nonisolated func shutDown(_ reason: ClientError) {
    outbox.close()
    // Work given to a loop that has ended would keep both alive for ever.
    guard !isStopped.exchange(true, ordering: .relaxed) else { return }
    loop.execute { self.assumeIsolated { $0.tearDown(reason) } }
    loop.stop()
  }

  // MARK: - On the loop

  /// Ends everything that waits and closes the sockets; the loop goes on.
  func tearDown(_ reason: ClientError) {
    outbox.close()
    for request in pending + outbox.take() {
      for expected in request.expected { expected.destination.fail(reason) }
    }
    pending = []
    for (_, destination) in outstanding.removeAll() { destination.fail(reason) }
    for token in tokens { loop.cancel(token) }
    tokens = []
    sockets = [:]
    notifications = nil
    iopub = nil
    let watchers = directory.withLock { state in
      defer { state.watchers = [:] }
      return state.watchers
    }
    for watcher in watchers.values { watcher.finish() }
  }

  /// The requests that are with an engine.
  func outstandingIDs(on engine: EngineIdentity) -> [String] { outstanding.ids(on: engine) }

  private func drainOutbox() {
    if pending.isEmpty { pending = outbox.take()[...] }
    for _ in 0..<Self.batch {
      guard let request = pending.popFirst() else { break }
      send(request)
    }
    // The rest waits until the sockets had their turn.
    if !pending.isEmpty || outbox.hasRequests { loop.execute { self.assumeIsolated { $0.drainOutbox() } } }
  }

  private func send(_ request: Request) {
    guard let box = sockets[request.channel] else {
      for expected in request.expected { expected.destination.fail(ClientError.closed) }
      return
    }
    for expected in request.expected {
      let destination = expected.destination
      if let dead = outstanding.add(expected.id, engines: expected.engines, context: destination) {
        destination.fail(EngineError(engineID: dead.id, engineUUID: dead.uuid, msgID: expected.id))
        if request.expected.count == 1 { return }
        continue
      }
      for id in expected.outputIDs { routes.add(id, destination) }
    }
    if let target = request.target { outgoing.append(target) }
    session.append(
      to: &outgoing, header: session.header(type: request.type, id: request.id), metadata: request.metadata,
      content: request.content, buffers: request.buffers)
    do {
      guard try box.socket.send(&outgoing) == .sent else {
        throw ClientError(.sendFailed, "the \(request.channel) socket takes no more messages")
      }
    } catch {
      outgoing.removeAll()
      logger.error("a request could not be sent", metadata: [LogKey.reason: "\(error)"])
      for expected in request.expected {
        outstanding.giveUp(expected.id)
        expected.destination.fail(error)
      }
    }
  }
}

extension Destination {
  /// Ends a task that will get no reply.
  func fail(_ error: any Error) { state.complete(slot, .failure(error), output: .none) }
}

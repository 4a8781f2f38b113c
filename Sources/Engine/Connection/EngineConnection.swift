import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// An engine's connection to its controller, from registration to departure.
///
/// It owns the I/O loop's share of the work: registration, the control channel, and the output of running requests.
/// Shell requests bypass it; ``Engine`` describes their path.
actor EngineConnection {

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  let configuration: EngineConfiguration
  /// The controller's endpoints, which change with the connection file while the controller is missing.
  var connection: ConnectionInfo
  let functions: FunctionRegistry
  var logger: Logger
  let verifier: MessageVerifier
  let sender: ReplySender
  var context: Context?
  let options: SocketOptions

  /// The socket to the hub.
  var registrar: Socket?
  /// The wait for the hub's answer to the registration.
  var registering: CheckedContinuation<RegistrationReply, any Error>?
  /// Ends the wait for the first registration.
  var registrationTimer: EventLoop.Token?
  /// Released after the socket to the hub.
  var registrarWatch: SocketWatch?
  /// `nil` before registration, and when the controller is lost.
  var presence: ControllerPresenceState?
  var presenceTimer: EventLoop.Token?
  /// Whether the connection to the hub stands, as far as is known, and what has happened before the engine was ready: a
  /// connection has broken, the hub has sent a `reregister_request`.
  var reachesHub = true
  var hasBrokenEarly = false
  var wasAskedEarly = false
  var heart: Heart?
  /// `nil` before registration.
  var origin: MessageOrigin?
  /// The engine's id in its replies.
  let number = EngineNumber(0)
  var sockets: EngineSockets?
  let mailbox = RequestMailbox<Request>()
  let runnerTask = RunnerTask()
  /// The requests that run beside others.
  let beside = ConcurrentRequests()
  let lease = SharedTaskLease()
  let nameLeases = NameLeases()
  let clientAccess = ClientAccess()
  /// `nil` before registration.
  var namespace: Namespace?
  /// What functions see of the engine.
  var engineContext: EngineContext?
  var receiver: ShellReceiver?
  /// `nil` before registration, and if clients may not run Python code.
  nonisolated let python = Mutex<PythonWorker?>(nil)
  var writer: ReplyWriter?
  /// Until when the loop looks for requests that were aborted before they arrived.
  var abortedUntil: ContinuousClock.Instant?
  var longRequests: LongRequestWatch?
  var capture: OutputCapture<Bytes>?
  var sources: [EventLoop.Token] = []

  var incoming = Multipart()
  var outgoing = Multipart()
  /// Refused messages by channel.
  private var rejections: [String: RejectionLog] = [:]
  var receiveFailures = LogThrottle()

  /// Whether the controller takes part in a retirement.
  var canRetire = false
  /// How far the engine is that is about to leave; `nil` if it isn't.
  var retirement: EngineRetirement?
  /// Why nothing runs here any more, if a task was lost.
  var loss: Departure?
  /// `nil` if the engine has no limits.
  var requestCount: RequestCount?
  var limitWatch: EngineLimitWatch?
  /// When the hub answered the first registration.
  var registered: ContinuousClock.Instant?
  /// The limit for which the engine retires.
  nonisolated let reachedLimit = Mutex<EngineLimit?>(nil)
  /// What the program does at the beginning or the end, while it does that.
  var step: LifecycleStep?
  /// Whether the engine leaves without waiting for the program.
  var isInHurry = false
  var departure: Departure?
  var departing: CheckedContinuation<Departure, Never>?

  /// Creates a connection. It opens no socket before ``run()``.
  ///
  /// - Throws: `WireError` for an unknown signature scheme, `ZeroMQError` when keys or a context can't be created.
  init(_ configuration: EngineConfiguration, _ functions: FunctionRegistry, loop: EventLoop, logger: Logger) throws {
    self.configuration = configuration
    connection = configuration.connection
    self.functions = functions
    self.loop = loop
    self.logger = logger
    let connection = configuration.connection
    verifier = try MessageVerifier(key: connection.key, scheme: connection.signatureScheme)
    sender = ReplySender(
      session: try Session(
        id: configuration.uuid, key: connection.key, scheme: connection.signatureScheme, username: "engine"),
      logger: logger)
    context = try Context()
    var options = SocketOptions(identity: Bytes(configuration.uuid))
    // The system notices within 20 s that the other host is gone without a word or a NAT between them has forgotten the
    // connection, sooner than the controller gives the engine up; and a NAT remembers idle connections.
    options.tcpKeepaliveIdle = .seconds(15)
    options.tcpUnacknowledgedTime = .seconds(20)
    options.longestReconnectPause = .seconds(1)
    options.curve = try connection.curveRole(configuration.curveKeys)
    self.options = options
  }

  /// The engine's life from registration to departure.
  func run() async throws {
    // Runs before the loop's thread ends: it closes the sockets after their last messages are out.
    defer { close() }
    let registration = try await register()
    let worker = WorkerThread(try EventLoop(name: "engine-worker"))
    let (runner, engineContext) = try open(registration, worker)
    self.engineContext = engineContext
    canRetire = registration.retires
    let registered = ContinuousClock.now
    self.registered = registered
    if let lifetime = configuration.limits.lifetime { lease.limit(to: registered + lifetime) }
    if let patience = registration.returnAfter { watchRunner(patience) }
    if registration.hasJournal { sender.keepReplies() }
    try worker.loop.start()
    do {
      // The hub waits for the first beat of the heart before it gives the engine work.
      guard try await prepare(engineContext, on: worker) else {
        unregister()
        worker.loop.stop()
        return
      }
    } catch {
      unregister()
      worker.loop.stop()
      throw error
    }
    // Without the receiver, which keeps it.
    var nested = runner
    nested.receiver = nil
    try receiver?.start(on: worker.loop) { [nested] in nested.startsNested($0, in: engineContext) }
    let decodingInfo = functions.decodingInfo(on: engineContext)
    runnerTask.start(on: worker) { start in
      await EngineContext.$engine.withValue(engineContext) {
        await PickleDecoder.$userInfo.withValue(decodingInfo) { await runner.run(start) }
      }
    } atEnd: { [weak self] in
      worker.loop.stop()
      self?.onLoop { $0.runnerEnded() }
    }
    defer { endRequests() }
    let heartLoop = try EventLoop(name: "engine-heart")
    try heartLoop.start()
    let heart = Heart(loop: heartLoop, lease: lease, logger: logger) { [weak self] change in
      self?.onLoop { $0.pingsChanged(change) }
    }
    self.heart = heart
    presence = ControllerPresenceState(
      policy: configuration.onControllerLost,
      limit: configuration.maxHeartbeatMisses > 0 ? configuration.reconnectTimeout : nil)
    takeUpEarlyEvents()
    watchLimits(since: registered)
    let departure: Departure
    do {
      try await startHeart(heart, registration)
      departure = await waitForDeparture()
    } catch {
      await pythonWorker?.stop()
      await heart.stop()
      throw error
    }
    unregister()
    await pythonWorker?.stop()
    await heart.stop()
    endRequests()
    await cleanUp(engineContext)
    switch departure {
    case .shutdown, .requested: return
    case .controllerLost(let reason): throw EngineRunError(.controllerLost, reason)
    case .pythonDied(let reason): throw EngineRunError(.pythonDied, reason)
    case .ignoredCancellation(let reason): throw EngineRunError(.ignoredCancellation, reason)
    }
  }

  /// Ends what runs. It is not awaited: the running function may never return.
  private func endRequests() {
    runnerTask.cancel()
    beside.cancel()
    mailbox.close()
  }

  /// Runs a closure on the loop after everything submitted to it before.
  ///
  /// It is dropped if the loop has ended. Nothing waits for these closures: they only report to a connection that is
  /// gone by then.
  nonisolated func onLoop(_ body: @escaping @Sendable (isolated EngineConnection) -> Void) {
    try? loop.execute { self.assumeIsolated(body) }
  }

  /// Counts and logs a refused message.
  func reject(_ error: WireError, channel: String) {
    rejections[channel, default: RejectionLog()].log(
      error, to: logger, metadata: [LogKey.channel: "\(channel)"])
  }

  /// The engine's Python; see ``python``.
  nonisolated var pythonWorker: PythonWorker? { python.withLock { $0 } }

  private func close() {
    for source in sources { loop.cancel(source) }
    sources = []
    capture?.restore()
    capture = nil
    presence = nil
    heart = nil
    registrar = nil
    registrarWatch = nil
    receiver = nil
    sender.close()
    sockets = nil
    // Waits for unsent messages, for one second at most.
    context = nil
  }
}

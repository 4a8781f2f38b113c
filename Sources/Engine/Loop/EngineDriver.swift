import Logging
import MartletWire
import MartletZeroMQ

/// Owns the engine's sockets on one loop and carries messages between them and the worker.
actor EngineDriver {
  /// Why an engine leaves.
  enum Departure: Sendable {
    /// A `shutdown_request`.
    case shutdown
    /// Cancellation or a graceful shutdown.
    case asked
    /// The hub's pings have stopped.
    case controllerLost
  }

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  let configuration: EngineConfiguration
  let functions: FunctionRegistry
  var logger: Logger
  /// Checks what comes in; what is sent is the outlet's.
  var session: Session
  var context: Context?
  let options: SocketOptions

  var registrar: Socket?
  var registering: CheckedContinuation<RegistrationReply, any Error>?
  var identity: EngineIdentity?
  var sockets: EngineSockets?
  let outlet: EngineOutlet
  let desk = ShellDesk<Request>()
  var inlet: ShellInlet?
  var writer: ReplyWriter?
  /// Until when requests are looked for that were aborted before they came.
  var abortedUntil: ContinuousClock.Instant?
  var capture: OutputCapture<Request>?
  var sources: [EventLoop.Token] = []

  var incoming = Multipart()
  var outgoing = Multipart()
  var rejections = RejectionCounts()

  private(set) var departure: Departure?
  private var departing: CheckedContinuation<Departure, Never>?

  /// A driver whose sockets are not open yet.
  ///
  /// - Throws: `WireError` for an unknown signature scheme, `ZeroMQError` when keys or a context can't be made.
  init(_ configuration: EngineConfiguration, _ functions: FunctionRegistry, loop: EventLoop, logger: Logger) throws {
    self.configuration = configuration
    self.functions = functions
    self.loop = loop
    self.logger = logger
    let connection = configuration.connection
    session = try Session(key: connection.key, scheme: connection.signatureScheme)
    outlet = EngineOutlet(
      session: try Session(
        id: configuration.uuid, key: connection.key, scheme: connection.signatureScheme, username: "engine"),
      logger: logger)
    context = try Context()
    var options = SocketOptions(identity: Bytes(configuration.uuid))
    if let serverKey = connection.curveServerKey {
      options.curve = .client(try configuration.curveKeys ?? CurveKeyPair.generate(), serverKey: serverKey)
    }
    self.options = options
  }

  /// The engine's life from registration to departure.
  func run() async throws {
    // The sockets are gone, and what they had to send is out, before the loop's thread ends.
    defer { close() }
    let registration = try await register()
    let work = try open(registration)
    let executor = try WorkerExecutor(name: "engine-worker")
    if let patience = registration.returnAfter { watchWorker(patience) }
    inlet?.start(on: executor.thread)
    let task = Task(executorPreference: executor) {
      await EngineContext.$current.withValue(work.context) { await work.worker.run() }
      executor.stop()
    }
    // Not waited for: the function that runs may never end.
    defer {
      task.cancel()
      desk.close()
    }
    let heart = try Heart(logger: logger) { [weak self] in
      self?.onLoop { $0.leave(.controllerLost) }
    }
    let departure: Departure
    do {
      try await startHeart(heart, registration)
      departure = await waitForDeparture()
    } catch {
      await heart.stop()
      throw error
    }
    unregister()
    await heart.stop()
    if departure == .controllerLost {
      throw EngineError(.controllerLost, "the controller's heartbeats have stopped, the engine leaves")
    }
  }

  /// Runs something on the loop, behind what was given to it before.
  nonisolated func onLoop(_ body: @escaping @Sendable (isolated EngineDriver) -> Void) {
    loop.execute { self.assumeIsolated(body) }
  }

  /// Ends the engine's life; the first reason counts.
  func leave(_ reason: Departure) {
    guard departure == nil else { return }
    departure = reason
    departing?.resume(returning: reason)
    departing = nil
    finishRegistration(.failure(CancellationError()))
  }

  /// Counts and logs a message that is dropped.
  func reject(_ error: WireError, channel: String) {
    rejections.count(error)
    logger.warning(
      "message dropped",
      metadata: [
        LogKey.reason: "\(error.reason)", LogKey.rejected: "\(error.code.rawValue)", LogKey.channel: "\(channel)",
        LogKey.count: "\(rejections[error.code])",
      ])
  }

  private func startHeart(_ heart: Heart, _ registration: RegistrationReply) async throws {
    guard let context else { return }
    let connection = configuration.connection
    try await heart.start(
      context,
      endpoints: (try connection.endpoint(.heartbeatPing), try connection.endpoint(.heartbeatPong)),
      options: options, period: registration.heartbeatPeriod, misses: configuration.maxHeartbeatMisses)
  }

  private func waitForDeparture() async -> Departure {
    if let departure { return departure }
    return await withCheckedContinuation { departing = $0 }
  }

  /// Opens the sockets of a registered engine and makes its worker.
  private func open(_ registration: RegistrationReply) throws -> (worker: ShellWorker, context: EngineContext) {
    guard let context else { throw CancellationError() }
    identity = EngineIdentity(id: registration.id, uuid: configuration.uuid)
    logger[metadataKey: LogKey.engine] = "\(configuration.label).\(registration.id)"
    let sockets = try EngineSockets(context, configuration.connection, options: options, id: registration.id)
    outlet.open(sockets, identity: EngineIdentity(id: registration.id, uuid: configuration.uuid))
    sources.append(loop.onReadable(sockets.control) { [weak self] in self?.assumeIsolated { $0.readControl() } })
    self.sockets = sockets
    if configuration.captureOutput { try captureOutput() }
    let namespace = Namespace()
    let writer = ReplyWriter(engineID: registration.id, engineUUID: configuration.uuid)
    self.writer = writer
    let worker = ShellWorker(
      desk: desk, apply: ApplyRunner(functions: functions, namespace: namespace),
      execute: ExecuteRunner(namespace: namespace), namespace: namespace, writer: writer, capture: capture,
      outlet: outlet)
    inlet = ShellInlet(
      sockets.shell, session: try checkingSession(), desk: desk, outlet: outlet, writer: writer
    ) { [weak self] error in
      self?.onLoop { $0.receivingFailed(error, channel: .shell) }
    }
    logger.info("engine registered", metadata: [LogKey.heartbeatPeriod: "\(registration.heartbeatPeriod)"])
    return (
      worker, EngineContext(engineID: registration.id, engineUUID: configuration.uuid, namespace: namespace)
    )
  }

  /// Checks what comes in on the shell channel; nobody sends with it.
  private func checkingSession() throws(WireError) -> Session {
    try Session(key: configuration.connection.key, scheme: configuration.connection.signatureScheme)
  }

  private func captureOutput() throws(EngineError) {
    let capture = try OutputCapture<Request>(configuration.capturedDescriptors, echo: configuration.echoOutput)
    self.capture = capture
    for pipe in capture.pipes {
      sources.append(
        loop.onReadable(fileDescriptor: pipe) { [outlet] in outlet.publishOutput(of: capture) })
    }
  }

  private func close() {
    for source in sources { loop.cancel(source) }
    sources = []
    capture?.restore()
    capture = nil
    registrar = nil
    inlet = nil
    outlet.close()
    sockets = nil
    // Waits until unsent messages are out, for a second at most.
    context = nil
  }
}

/// The engine's names on the wire, ready to be sent.
struct EngineIdentity: Sendable {
  let id: Int
  let uuid: String
  /// `{"engine": uuid}`, the metadata of every message.
  let metadata: [UInt8]
  private let statusTopic: Bytes

  init(id: Int, uuid: String) {
    self.id = id
    self.uuid = uuid
    metadata = JSONValue.object(["engine": .string(uuid)]).bytes.array
    statusTopic = Bytes("engine.\(id).\(MessageType.status)")
  }

  /// The topic frame of an IOPub message, by which subscribers can filter.
  func topic(_ type: String) -> Bytes {
    type == MessageType.status ? statusTopic : Bytes("engine.\(id).\(type)")
  }
}

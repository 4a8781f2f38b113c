import Logging
import MartletWire
import MartletZeroMQ

/// The driver of the task scheduler: reads tasks from clients and replies from engines, and does what
/// ``TaskSchedulerState`` decides.
actor TaskScheduler: EventLoopActor {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let clients: Socket
  private let engines: Socket
  private let hub: Hub
  private let logger: Logger
  private var session: Session
  private var state: TaskSchedulerState<HeldMessage>
  private var tokens: [EventLoop.Token] = []
  private var timer = DeadlineTimer()
  private var incoming = Multipart()
  private var outgoing = Multipart()
  /// The reply at hand, reused unless the state keeps it.
  private var reply: HeldMessage?
  private var names = EngineNames()
  private var rejections = RejectionCounts()
  private var unknownReplies = 0
  private let connections: SocketMonitor
  private var handshakes = HandshakeFailures()
  private var watch = ClientWatch()
  /// Tasks for engines that are registered but can't be reached yet.
  private var undelivered: [(task: HeldMessage, id: String, engine: EngineIdentity)] = []
  private var retryTimer = RetryTimer()

  /// Messages taken from a socket before the other gets its turn.
  private static let batch = 64

  init(sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, hub: Hub, logger: Logger) throws {
    let configuration = sockets.configuration
    clients = try sockets.router("task_in", mandatory: true)
    connections = try SocketMonitor(
      clients, context: sockets.context, name: "task_in-\(Session.randomID())",
      events: [.failedHandshakes, .disconnections])
    engines = try sockets.router("task_out", mandatory: true)
    try endpoints.bind(clients, .task, .client, isMonitored: false)
    try endpoints.bind(engines, .task, .engine)
    session = try sockets.session()
    state = TaskSchedulerState(configuration: configuration.scheduling)
    self.loop = loop
    self.hub = hub
    self.logger = logger
  }

  /// Begins to serve.
  func start() {
    tokens = [
      onReadable(clients) { $0.readClients() },
      onReadable(engines) { $0.readEngines() },
      onReadable(connections.socket) { $0.connectionsChanged() },
    ]
  }

  /// Stops serving.
  func stop() {
    for token in tokens { loop.cancel(token) }
    timer.cancel(on: loop)
    retryTimer.cancel(on: loop)
  }

  // MARK: - From the hub

  /// An engine can take tasks.
  nonisolated func engineRegistered(_ uuid: String, returnsTasks: Bool) {
    execute {
      $0.names.insert(uuid)
      $0.state.engineRegistered(EngineIdentity(uuid), returnsTasks: returnsTasks, now: .now)
      $0.act()
    }
  }

  /// An engine is gone.
  nonisolated func engineUnregistered(_ uuid: String) {
    execute {
      // What it sent before it went is waiting in the socket and counts.
      $0.readEngines()
      $0.names.remove(uuid)
      $0.state.engineUnregistered(EngineIdentity(uuid), now: .now)
      $0.act()
    }
  }

  /// Ends queued tasks as aborted.
  nonisolated func abort(_ ids: [String]) {
    execute {
      $0.state.abort(ids: ids)
      $0.act()
    }
  }

  /// Submits a task once more on behalf of the hub; nobody waits for the reply on a socket.
  nonisolated func resubmit(header: [UInt8], content: Bytes, buffers: [Bytes]) {
    execute { scheduler in
      scheduler.incoming.removeAll()
      scheduler.incoming.append(Bytes("hub"))
      scheduler.session.append(
        to: &scheduler.incoming, header: header, content: content.array, buffers: buffers)
      scheduler.submit()
      scheduler.act()
    }
  }

  // MARK: - Sockets

  private func readClients() {
    var left = Self.batch
    while left > 0, receive(fromClients: true) {
      left -= 1
      submit()
    }
    act()
  }

  private func readEngines() {
    var left = Self.batch
    while left > 0, receive(fromClients: false) {
      left -= 1
      finish()
    }
    act()
  }

  private func receive(fromClients: Bool) -> Bool {
    do {
      return try fromClients ? clients.receive(into: &incoming) : engines.receive(into: &incoming)
    } catch {
      logger.error("the task scheduler can't receive", metadata: [LogKey.reason: "\(error)"])
      return false
    }
  }

  /// A task as it came in: `[client, <IDS|MSG>, …]`.
  private func submit() {
    do throws(WireError) {
      let layout = try session.verify(incoming)
      guard layout.delimiter >= 1 else { throw WireError(.malformedFrames, "a task without the client's identity") }
      let header = try incoming.header(layout, includingOrigin: true)
      guard !header.messageID.isEmpty else { throw WireError(.malformedJSON, "a task without msg_id") }
      // What an engine doesn't understand it doesn't answer, and its place would be taken for ever.
      guard header.messageType == MessageType.applyRequest || header.messageType == MessageType.executeRequest else {
        throw WireError(.malformedJSON, "\(header.messageType) is no task")
      }
      try incoming.checkObject(at: layout.parentHeader)
      try incoming.checkObject(at: layout.content)
      let metadata = try TaskMetadata(of: incoming, layout)
      let client = metadata.abortsOnDisconnect ? watchClient(header.session) : header.session
      hub.report(.requested(taskID: header.messageID, .task, engine: nil, hub.record(incoming, layout)))
      let message = HeldMessage(taking: &incoming, layout: layout, messageType: header.messageType)
      state.taskSubmitted(
        TaskSubmission(
          id: header.messageID, payload: message, size: message.frames.totalSize(), targets: metadata.targets,
          after: metadata.after,
          follow: metadata.follow, timeout: metadata.timeout, retries: metadata.retries, client: client),
        now: .now)
      act(arming: false)
    } catch {
      reject(error, "task_in")
    }
  }

  /// A reply as it came in: `[engine, client, <IDS|MSG>, …]`.
  private func finish() {
    do throws(WireError) {
      let layout = try session.verify(incoming)
      guard layout.delimiter >= 2 else { throw WireError(.malformedFrames, "a reply without engine and client") }
      try incoming.checkObject(at: layout.header)
      guard let taskID = try incoming.parentID(layout) else {
        throw WireError(.malformedJSON, "a reply without parent")
      }
      let engine = names.uuid(in: incoming, at: 0) ?? incoming.text(at: 0)
      let metadata = try ReplyMetadata(of: incoming, layout, from: engine)
      if metadata.outcome == .returned, state.isPending(taskID, on: EngineIdentity(engine)) {
        hub.report(.returned(taskID: taskID))
      }
      state.replyArrived(
        from: EngineIdentity(engine), taskID: taskID, outcome: metadata.outcome, reply: hold(layout, metadata.sender),
        now: .now)
      act(arming: false)
    } catch {
      reject(error, "task_out")
    }
  }

  /// Takes the reply at hand over.
  private func hold(_ layout: MessageLayout, _ sender: ReplySender) -> HeldMessage {
    if isKnownUniquelyReferenced(&reply), let reply {
      reply.reuse(taking: &incoming, layout: layout, sender: sender)
      return reply
    }
    let new = HeldMessage(taking: &incoming, layout: layout, sender: sender)
    reply = new
    return new
  }

  // MARK: - Clients that vanish

  /// Watches the client of the message at hand, and gives the name under which the state knows those of its tasks that
  /// are not to outlive its connection; its other tasks go on.
  private func watchClient(_ session: String) -> String {
    // A descriptor may have been another client's before: the end of that connection was reported before this message.
    readConnections()
    let client = "\(session), while connected"
    watch.watch(client, identity: incoming.shared(0), descriptor: incoming.sourceDescriptor())
    return client
  }

  private func connectionsChanged() {
    readConnections()
    act()
  }

  private func readConnections() {
    while let event = try? connections.next() {
      if event.kind == .disconnected {
        for client in watch.disconnected(Int32(bitPattern: event.value)) { state.clientVanished(client) }
      } else {
        handshakes.note(event, socket: "task_in", logger: logger)
      }
    }
  }

  private func reject(_ error: WireError, _ socket: String) {
    rejections.count(error)
    logger.refused(error, socket: socket, count: rejections.total)
  }

  // MARK: - Actions

  private func act(arming: Bool = true) {
    while let action = state.nextAction() { perform(action) }
    guard arming else { return }
    hub.announceReports()
    arm()
  }

  private func perform(_ action: TaskSchedulerAction<HeldMessage>) {
    switch action {
    case .dispatch(let task, let id, let engine): dispatch(task, id, to: engine)
    case .deliver(let reply, let id, _): deliver(reply, id)
    case .fail(let task, let id, let reason): answer(task, id, SchedulerReply.failure(reason, taskID: id))
    case .duplicate(_, let id):
      reject(WireError(.replayed, "task \(id) is in flight already"), "task_in")
    case .unknownReply(let id, let engine):
      unknownReplies += 1
      logger.info(
        "a reply for a task that is not on that engine",
        metadata: [LogKey.messageID: "\(id)", LogKey.engineUUID: "\(engine)", LogKey.count: "\(unknownReplies)"])
    }
  }

  /// Sends a task to its engine. An engine may register before its connection to this socket is up: what can't be sent
  /// is tried again until the engine is unregistered.
  private func dispatch(_ task: HeldMessage, _ id: String, to engine: EngineIdentity) {
    outgoing.append(Bytes(engine.rawValue))
    for index in 0..<task.frames.count { outgoing.append(sharing: task.frames, index) }
    if send(&outgoing, toEngines: true) {
      hub.report(.dispatched(taskID: id, engine: engine.rawValue))
    } else {
      undelivered.append((task, id, engine))
      retryTimer.arm(on: loop) { [unowned self] in assumeIsolated { $0.retry() } }
    }
  }

  /// Tries again what could not be sent, unless its engine was given up meanwhile.
  private func retry() {
    retryTimer.fired()
    let waiting = undelivered
    undelivered.removeAll()
    for (task, id, engine) in waiting where state.isPending(id, on: engine) { dispatch(task, id, to: engine) }
    act()
  }

  /// Relays a reply: identities are mirrored, what came from the engine for the client goes to the client from the
  /// engine.
  private func deliver(_ reply: HeldMessage, _ id: String) {
    reply.frames.swapAt(0, 1)
    hub.report(.replied(taskID: id, reply.sender, hub.record(reply.frames, reply.layout)))
    send(&reply.frames, toEngines: false)
  }

  /// Answers a task in place of an engine.
  private func answer(_ task: HeldMessage, _ id: String, _ parts: SchedulerReply.Parts) {
    for index in 0..<task.layout.delimiter { outgoing.append(sharing: task.frames, index) }
    SchedulerReply.append(parts, to: &outgoing, request: task, session: &session)
    SchedulerReply.report(outgoing, taskID: id, to: hub)
    send(&outgoing, toEngines: false)
  }

  @discardableResult
  private func send(_ message: inout Multipart, toEngines: Bool) -> Bool {
    defer { message.removeAll() }
    do {
      let result = try toEngines ? engines.send(&message) : clients.send(&message)
      // An engine that isn't connected (any more) will be unregistered by its heart, and its tasks with it; a client
      // that is gone needs no answer, but may have asked not to leave tasks behind.
      if result == .unroutable, !toEngines, let client = watch.undeliverable(message.shared(0)) {
        state.clientVanished(client)
      }
      return result == .sent
    } catch {
      logger.error("the task scheduler can't send", metadata: [LogKey.reason: "\(error)"])
      return false
    }
  }

  /// Keeps one timer for the state's next deadline.
  private func arm() {
    timer.arm(at: state.nextDeadline, of: self) {
      $0.timer.fired()
      $0.state.advance(to: .now)
      $0.act()
    }
  }
}

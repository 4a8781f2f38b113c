import Logging
import MartletWire
import MartletZeroMQ

/// The driver of the task scheduler: reads tasks from clients and replies from engines, and performs the actions of
/// ``TaskSchedulerState``.
actor TaskScheduler: SocketDriver {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  var registrations = LoopRegistrations()

  let clients: RelaySocket
  let engines: RelaySocket
  private let connections: SocketMonitor
  let hub: Hub
  let logger: Logger
  var session: Session
  var state: TaskSchedulerState<HeldMessage>
  var outgoing = Multipart()
  var replies = ReplyPool()
  let journal: Journal?
  /// What the journal has to hold before anything else is sent; `nil` without a journal, and once that has failed.
  var journaling: Journaling<Outgoing>?
  var names = EngineNames()
  var targetLists = TargetLists()
  var strayReplies = LogThrottle()
  var watch = ClientWatch()
  var held = HeldTasks()
  var probes: Probes
  var losses = LogThrottle()
  var hasNotedMissingEngines = false
  var unoffered = UnofferedResources()
  var missingResources = LogThrottle()

  /// - Parameter journal: where tasks are kept in case the controller is killed.
  init(
    sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, hub: Hub, journal: Journal?,
    logger: Logger
  ) throws {
    clients = try sockets.relayRouter("task_in", mandatory: true, logger: logger)
    connections = try SocketMonitor(
      clients.socket, context: sockets.context, name: "task_in-\(Session.randomID())",
      events: .ofConnections)
    engines = try sockets.relayRouter("task_out", mandatory: true, logger: logger)
    try endpoints.bind(clients, .task, .client, isMonitored: false)
    try endpoints.bind(engines, .task, .engine)
    session = try sockets.session()
    probes = Probes(session: session)
    var configuration = sockets.configuration.scheduling
    configuration.reportsChanges = journal != nil
    state = TaskSchedulerState(configuration: configuration)
    journaling = journal == nil ? nil : Journaling()
    self.journal = journal
    self.loop = loop
    self.hub = hub
    self.logger = logger
  }

  /// Starts serving.
  func start() {
    serve(clients) { $0.readClients() }
    serve(engines) { $0.readEngines() }
    serve(connections.socket) { $0.connectionsChanged() }
  }

  /// Stops serving. What waits for the journal is sent when that has it.
  func stop() async {
    stopServing()
    await finishJournaling()
  }

  // MARK: - Sockets

  func readClients() {
    clients.drain(noteConnections: readConnections) { (message) throws(WireError) in
      try submit(&message)
      performActions()
    }
    act()
  }

  func readEngines() {
    engines.drain { (message) throws(WireError) in
      try finish(&message)
      performActions()
    }
    act()
  }

  /// Takes a task as it arrived: `[client, <IDS|MSG>, …]`.
  func submit(_ message: inout Multipart) throws(WireError) {
    let layout = try session.verify(message, identities: 1, allowsDroppedFrames: true)
    let header = try message.header(layout, includingOrigin: true)
    guard !header.messageID.isEmpty else { throw WireError(.malformedJSON, "a task without msg_id") }
    let metadata: TaskMetadata
    do throws(WireError) {
      metadata = try check(message, layout, header)
    } catch {
      refuse(&message, layout, header, error)
      throw error
    }
    let (client, hasLeft) =
      metadata.abortsOnDisconnect ? watchClient(of: message, session: header.session) : (header.session, false)
    hub.report(.requested(taskID: header.messageID, .task, engine: nil, size: 0, hub.record(message, layout)))
    state.taskSubmitted(submission(of: &message, layout, header, metadata, client: client), now: .now)
    if hasLeft { state.clientVanished(client) }
  }

  /// The task that a message is, which is left empty.
  func submission(
    of message: inout Multipart, _ layout: MessageLayout, _ header: MessageHeader, _ metadata: TaskMetadata,
    client: String
  ) -> TaskSubmission<HeldMessage> {
    let task = HeldMessage(taking: &message, layout: layout, messageType: header.messageType)
    return TaskSubmission(
      id: header.messageID, payload: task, size: task.frames.totalSize(), targets: metadata.targets,
      after: metadata.after, follow: metadata.follow, demand: metadata.demand, timeout: metadata.timeout,
      deadline: metadata.deadline.map { .now + TaskTimeLimit.distance(from: .now, to: $0) },
      priority: metadata.priority, concurrency: metadata.concurrency, retries: metadata.retries,
      isIdempotent: metadata.isIdempotent, retriesAnywhere: metadata.retriesAnywhere, isRepeated: metadata.isRepeated,
      client: client)
  }

  /// Takes a reply as it arrived: `[engine, client, <IDS|MSG>, …]`.
  private func finish(_ message: inout Multipart) throws(WireError) {
    let layout = try session.verify(message, identities: 2)
    try message.checkObject(at: layout.header)
    guard let taskID = try message.parentID(layout) else {
      throw WireError(.malformedJSON, "a reply without parent")
    }
    let uuid = names.uuid(in: message, at: 0) ?? message.text(at: 0)
    let engine = EngineIdentity(uuid)
    let metadata = try ReplyMetadata(of: message, layout, from: uuid)
    guard !probes.isAnswer(message, at: 1) else { return takeProbeAnswer(taskID, from: engine, metadata.outcome) }
    let held = replies.hold(&message, layout, metadata.sender)
    state.replyArrived(
      from: engine, taskID: taskID, outcome: metadata.outcome, attempt: metadata.attempt, reply: held,
      cause: SchedulerReply.cause(in: held), now: .now)
  }

  // MARK: - Clients that vanish

  /// Watches the client of a task.
  ///
  /// - Returns: the name under which the state knows those of the client's tasks that end with its connection; its other
  ///   tasks go on. And whether the connection has ended already.
  private func watchClient(of task: borrowing Multipart, session: String) -> (name: String, hasLeft: Bool) {
    // The descriptor may have belonged to another client, whose disconnection was reported before this message.
    readConnections()
    let client = "\(session), while connected"
    let isThere = watch.watch(client, identity: task.shared(0), descriptor: task.sourceDescriptor())
    return (client, !isThere)
  }

  private func connectionsChanged() {
    readConnections()
    act()
  }

  private func readConnections() {
    while let event = try? connections.next() {
      clients.ears?.note(event)
      let descriptor = Int32(bitPattern: event.value)
      switch event.kind {
      case .accepted: watch.connected(descriptor)
      case .disconnected: for client in watch.disconnected(descriptor) { state.clientVanished(client) }
      default: break
      }
    }
  }
}

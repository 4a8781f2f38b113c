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
  /// The latest reply, reused for the next one unless the state keeps it.
  private var reply: HeldMessage?
  let journal: Journal?
  /// What the journal has to hold before anything else is sent; `nil` without a journal, and once that has failed.
  var journaling: Journaling<Outgoing>?
  /// Replies that waited for the journal and were sent, to be used for the next ones.
  var spare: [HeldMessage] = []
  private var names = EngineNames()
  var strayReplies = LogThrottle()
  var watch = ClientWatch()
  /// Tasks for engines that are registered but can't be reached yet.
  var held: [HeldTask] = []
  /// The engines of the held tasks.
  var unreachable: Set<EngineIdentity> = []
  /// The probes that could not be sent, and their numbers.
  var unsentProbes: [EngineIdentity: Int] = [:]
  var probes: Probes
  var losses = LogThrottle()
  var hasNotedMissingEngines = false

  struct HeldTask {
    let message: HeldMessage
    let id: String
    let engine: EngineIdentity
    let attempt: Int
  }

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

  // MARK: - From the hub

  /// An engine can take tasks.
  nonisolated func engineRegistered(_ uuid: String, id: Int, _ abilities: EngineAbilities) {
    engineReturned(uuid, id: id, abilities, tasks: nil)
  }

  /// An engine of an earlier controller is to come back.
  nonisolated func engineAwaited(_ uuid: String, id: Int) {
    execute { $0.state.engineAwaited(EngineIdentity(uuid), id: id) }
  }

  /// An engine can take tasks, and may have some of an earlier controller's.
  ///
  /// - Parameter tasks: those that it has or has answered, and which attempt at each; `nil` if it doesn't tell.
  nonisolated func engineReturned(_ uuid: String, id: Int, _ abilities: EngineAbilities, tasks: [String: Int]?) {
    execute {
      // Replies that it has sent again may be in the socket, and they count.
      $0.readEngines()
      $0.names.insert(uuid)
      $0.state.engineRegistered(EngineIdentity(uuid), id: id, abilities, tasks: tasks, now: .now)
      $0.act()
    }
  }

  /// An engine is about to leave and takes no more tasks.
  nonisolated func engineRetires(_ uuid: String) {
    execute {
      $0.readEngines()
      $0.state.engineRetires(EngineIdentity(uuid), now: .now)
      $0.act()
    }
  }

  /// An engine is gone.
  nonisolated func engineUnregistered(_ uuid: String, _ departure: EngineDeparture) {
    execute {
      // Replies the engine sent before it went may still be in the socket, and they count.
      $0.readEngines()
      $0.names.remove(uuid)
      let engine = EngineIdentity(uuid)
      $0.state.engineUnregistered(engine, departure, unsent: $0.takeUnsent(of: engine), now: .now)
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

  /// Says where a task is and what it waits for; `nil` if it is unknown.
  nonisolated func explain(_ id: String, then answer: @escaping @Sendable (String?) -> Void) {
    execute {
      // The task may wait in the socket.
      $0.readClients()
      answer($0.state.explanation(of: id, now: .now))
    }
  }

  /// Counts the tasks that another engine could take, see ``TaskSchedulerState/backlog(for:time:now:)``.
  nonisolated func countBacklog(
    for offer: Resources, time: Duration?, then answer: @escaping @Sendable (TaskBacklog) -> Void
  ) {
    execute { answer($0.state.backlog(for: offer, time: time, now: .now)) }
  }

  /// Submits a task once more on behalf of the hub; no socket expects the reply.
  nonisolated func resubmit(header: [UInt8], content: Bytes, buffers: [Bytes]) {
    execute { scheduler in
      var message = Multipart()
      message.append(Bytes("hub"))
      scheduler.session.append(to: &message, header: header, content: content.array, buffers: buffers)
      do throws(WireError) {
        try scheduler.submit(&message)
      } catch {
        scheduler.clients.refuse(error)
      }
      scheduler.act()
    }
  }

  // MARK: - Sockets

  private func readClients() {
    clients.drain { (message) throws(WireError) in
      try submit(&message)
      performActions()
    }
    act()
  }

  private func readEngines() {
    engines.drain { (message) throws(WireError) in
      try finish(&message)
      performActions()
    }
    act()
  }

  /// Takes a task as it arrived: `[client, <IDS|MSG>, …]`.
  private func submit(_ message: inout Multipart) throws(WireError) {
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
    let client = metadata.abortsOnDisconnect ? watchClient(of: message, session: header.session) : header.session
    hub.report(.requested(taskID: header.messageID, .task, engine: nil, size: 0, hub.record(message, layout)))
    state.taskSubmitted(submission(of: &message, layout, header, metadata, client: client), now: .now)
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
    let held = hold(&message, layout, metadata.sender)
    state.replyArrived(
      from: engine, taskID: taskID, outcome: metadata.outcome, attempt: metadata.attempt, reply: held,
      cause: SchedulerReply.cause(in: held), now: .now)
  }

  /// Takes the frames of a reply, into the object of the one before if the state doesn't keep that.
  private func hold(_ message: inout Multipart, _ layout: MessageLayout, _ sender: ReplySender) -> HeldMessage {
    if isKnownUniquelyReferenced(&reply), let reply {
      reply.reuse(taking: &message, layout: layout, sender: sender)
      return reply
    }
    if let spare = spare.popLast() {
      spare.reuse(taking: &message, layout: layout, sender: sender)
      reply = spare
      return spare
    }
    let new = HeldMessage(taking: &message, layout: layout, sender: sender)
    reply = new
    return new
  }

  // MARK: - Clients that vanish

  /// Watches the client of a task.
  ///
  /// - Returns: the name under which the state knows those of the client's tasks that end with its connection; its other
  ///   tasks go on.
  private func watchClient(of task: borrowing Multipart, session: String) -> String {
    // The descriptor may have belonged to another client, whose disconnection was reported before this message.
    readConnections()
    let client = "\(session), while connected"
    watch.watch(client, identity: task.shared(0), descriptor: task.sourceDescriptor())
    return client
  }

  private func connectionsChanged() {
    readConnections()
    act()
  }

  private func readConnections() {
    while let event = try? connections.next() {
      clients.ears?.note(event)
      guard event.kind == .disconnected else { continue }
      for client in watch.disconnected(Int32(bitPattern: event.value)) { state.clientVanished(client) }
    }
  }
}

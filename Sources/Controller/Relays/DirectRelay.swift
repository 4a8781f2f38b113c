import Logging
import MartletWire
import MartletZeroMQ

/// The relay of the direct (mux) and control queues between clients and the engines they name.
///
/// Each message is verified once, its two outer identities are exchanged, and its frames are forwarded as they are. What
/// the answer to a request in place of its engine takes is kept until the engine answers.
actor DirectRelay: SocketDriver, EngineObserver {
  /// A queue.
  enum Kind: String, Sendable {
    case mux, control

    var channel: ConnectionInfo.Channel { self == .mux ? .mux : .control }
  }

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  var registrations = LoopRegistrations()

  let kind: Kind
  let clients: RelaySocket
  let engines: RelaySocket
  let connections: SocketMonitor
  let hub: Hub
  private let scheduler: TaskScheduler
  var session: Session
  var outgoing = Multipart()
  var registered = EngineNames()
  var held = HeldRequests()
  var open = OpenRequests<OpenRequest>()
  var probes: Probes
  /// The probes that are due and could not be sent.
  var unsentProbes: [OpenRequests<OpenRequest>.Probe] = []

  /// What is kept of a request while its engine has it. The frames are copies, as each frame of a message may hold on to all
  /// that was received with it.
  struct OpenRequest {
    let type: String
    let client: Bytes
    let header: Bytes
  }

  /// The client of the latest request: that of the next one, too, more often than not.
  private var latestClient = Bytes()

  init(
    _ kind: Kind, sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, hub: Hub,
    scheduler: TaskScheduler, logger: Logger
  ) throws {
    clients = try sockets.relayRouter("\(kind.rawValue)_in", mandatory: false, logger: logger)
    engines = try sockets.relayRouter(
      "\(kind.rawValue)_out", mandatory: true,
      highWaterMark: kind == .mux ? ControllerSockets.requests : ControllerSockets.replies, logger: logger)
    connections = try SocketMonitor(
      engines.socket, context: sockets.context, name: "\(kind.rawValue)_out-\(Session.randomID())",
      events: .ofConnections)
    try endpoints.bind(clients, kind.channel, .client)
    try endpoints.bind(engines, kind.channel, .engine, isMonitored: false)
    session = try sockets.session()
    probes = Probes(session: session)
    self.kind = kind
    self.loop = loop
    self.hub = hub
    self.scheduler = scheduler
  }

  /// Starts serving.
  func start() {
    serve(clients) { $0.readClients() }
    serve(engines) { $0.readEngines() }
    serve(connections.socket) { $0.connectionsChanged() }
  }

  /// Stops serving.
  func stop() { stopServing() }

  nonisolated func engineRegistered(_ uuid: String, id: Int, _ abilities: EngineAbilities) {
    execute { $0.registered.insert(uuid, id: id) }
  }

  nonisolated func engineUnregistered(_ uuid: String, _ departure: EngineDeparture) {
    execute {
      // Replies the engine sent before it went may still be in the socket.
      $0.readEngines()
      $0.registered.remove(uuid)
      $0.open.left(EngineIdentity(uuid))
    }
  }

  /// Sends an engine a message of the controller's own.
  nonisolated func send(_ type: String, _ content: JSONValue, toEngine uuid: String) {
    execute { relay in
      relay.outgoing.append(Bytes(uuid))
      relay.outgoing.append("hub")
      relay.session.append(to: &relay.outgoing, type: type, content: content.bytes.array)
      relay.engines.send(&relay.outgoing)
      relay.outgoing.removeAll()
    }
  }

  // MARK: - Sockets

  private func readClients() {
    clients.drain { (message) throws(WireError) in
      let layout = try session.verify(message, identities: 2)
      message.swapAt(0, 1)
      if kind == .control { try forwardAbort(message, layout) }
      try relayRequest(&message, layout)
    }
    finishBatch()
  }

  func readEngines() {
    engines.drain { (message) throws(WireError) in
      let layout = try session.verify(message, identities: 2)
      message.swapAt(0, 1)
      guard !probes.isAnswer(message, at: 0) else { return try takeProbeAnswer(message, layout) }
      try noteReply(message, layout)
      clients.send(&message)
    }
    finishBatch()
  }

  func finishBatch() {
    hub.announceReports()
    wake(at: open.nextDeadline) { $0.lookAtEngines() }
  }

  private func relayRequest(_ message: inout Multipart, _ layout: MessageLayout) throws(WireError) {
    let header = try message.header(layout)
    guard header.messageType.hasSuffix("_request") else {
      engines.send(&message)
      return
    }
    let engine = registered.uuid(in: message, at: 0)
    var record: RecordedMessage?
    if kind == .mux {
      if let excess = hub.directExcess { return refuse(&message, layout, header, excess) }
      record = hub.record(message, layout)
      hub.report(
        .requested(
          taskID: header.messageID, .mux, engine: engine ?? message.text(at: 0), size: message.totalSize(), record))
    }
    // Sending takes the frames.
    let request = engine == nil ? nil : openRequest(message, layout, type: header.messageType, record)
    guard engines.send(&message) != .sent else {
      if let engine, let request { open.sent(header.messageID, to: EngineIdentity(engine), request, now: .now) }
      return
    }
    guard !message.isEmpty else {
      // libzmq failed in the middle of the message, which nobody can answer any more.
      if kind == .mux { hub.report(.answered(taskID: header.messageID)) }
      return
    }
    let now = Instant.now
    let engineID = registered.id(of: message.text(at: 0))
    let held = HeldRequest(
      message: HeldMessage(taking: &message, layout: layout, messageType: header.messageType),
      taskID: header.messageID, engineID: engineID, deadline: now + HeldRequests.patience)
    if self.held.hold(held, isRegistered: isRegistered(held), now: now) {
      retrySoon(for: held.engine) { $0.retry() }
    } else {
      answerForEngine(held)
    }
  }

  /// - Parameters:
  ///   - message: the request as an engine gets it: `[engine, client, <IDS|MSG>, …]`.
  ///   - record: what the hub keeps of it, which has a copy of the header.
  func openRequest(
    _ message: borrowing Multipart, _ layout: MessageLayout, type: String, _ record: RecordedMessage?
  ) -> OpenRequest {
    if !message.frame(1, equals: latestClient) { latestClient = Bytes(copying: message.bytes(at: 1)) }
    return OpenRequest(
      type: type, client: latestClient,
      header: record?.header ?? Bytes(copying: message.bytes(at: layout.header)))
  }

  /// Answers a request that would exceed the limit.
  private func refuse(
    _ message: inout Multipart, _ layout: MessageLayout, _ header: MessageHeader, _ excess: QueueLimit.Excess
  ) {
    answer(
      HeldMessage(taking: &message, layout: layout, messageType: header.messageType),
      SchedulerReply.failure(.queueFull(excess), taskID: header.messageID))
  }

  private func noteReply(_ message: borrowing Multipart, _ layout: MessageLayout) throws(WireError) {
    try message.checkObject(at: layout.header)
    guard let parent = try message.parentID(layout) else { return }
    let uuid = registered.uuid(in: message, at: 1)
    if let uuid { open.answered(parent, by: EngineIdentity(uuid)) }
    guard kind == .mux else { return }
    let metadata = try ReplyMetadata(of: message, layout, from: uuid)
    hub.report(.replied(taskID: parent, metadata.sender, hub.record(message, layout)))
  }

  /// Aborts the named tasks that are still queued at the scheduler there instead of when they reach an engine.
  private func forwardAbort(_ message: borrowing Multipart, _ layout: MessageLayout) throws(WireError) {
    let header = try message.header(layout)
    guard header.messageType == MessageType.abortRequest else { return }
    let content = try? JSONValue.parse(message.bytes(at: layout.content))
    let ids = content?["msg_ids"]?.arrayValue?.compactMap(\.stringValue) ?? []
    if !ids.isEmpty { scheduler.abort(ids) }
  }

  func answer(
    _ request: HeldMessage, _ parts: SchedulerReply.Parts, reporting: (borrowing Multipart) -> Void = { _ in }
  ) {
    defer { outgoing.removeAll() }
    request.appendIdentities(to: &outgoing)
    outgoing.swapAt(0, 1)
    SchedulerReply.append(parts, to: &outgoing, request: request, session: &session)
    reporting(outgoing)
    clients.send(&outgoing)
  }
}

import Logging
import MartletWire
import MartletZeroMQ

/// The relay of the direct (mux) and control queues between clients and the engines they name.
///
/// Each message is verified once, its two outer identities are exchanged, and its frames are forwarded as they are.
actor DirectRelay: SocketDriver, EngineObserver {
  /// A queue.
  enum Kind: String, Sendable {
    case mux, control

    var channel: ConnectionInfo.Channel { self == .mux ? .mux : .control }
  }

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  var registrations = LoopRegistrations()

  private let kind: Kind
  private let clients: RelaySocket
  private let engines: RelaySocket
  private let hub: Hub
  private let scheduler: TaskScheduler
  private var session: Session
  private var outgoing = Multipart()
  private var registered = EngineNames()
  private var held = HeldRequests()

  init(
    _ kind: Kind, sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, hub: Hub,
    scheduler: TaskScheduler, logger: Logger
  ) throws {
    clients = try sockets.relayRouter("\(kind.rawValue)_in", mandatory: false, logger: logger)
    engines = try sockets.relayRouter(
      "\(kind.rawValue)_out", mandatory: true,
      highWaterMark: kind == .mux ? ControllerSockets.requests : ControllerSockets.replies, logger: logger)
    try endpoints.bind(clients, kind.channel, .client)
    try endpoints.bind(engines, kind.channel, .engine)
    session = try sockets.session()
    self.kind = kind
    self.loop = loop
    self.hub = hub
    self.scheduler = scheduler
  }

  /// Starts serving.
  func start() {
    serve(clients) { $0.readClients() }
    serve(engines) { $0.readEngines() }
  }

  /// Stops serving.
  func stop() { stopServing() }

  nonisolated func engineRegistered(_ uuid: String, id: Int, returnsTasks: Bool) {
    execute { $0.registered.insert(uuid, id: id) }
  }

  nonisolated func engineUnregistered(_ uuid: String, _ departure: EngineDeparture) {
    execute { $0.registered.remove(uuid) }
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
      switch kind {
      case .mux: try relayRequest(&message, layout)
      case .control: try relayControl(&message, layout)
      }
    }
    hub.announceReports()
  }

  private func readEngines() {
    engines.drain { (message) throws(WireError) in
      let layout = try session.verify(message, identities: 2)
      message.swapAt(0, 1)
      if kind == .mux { try reportReply(message, layout) }
      clients.send(&message)
    }
    hub.announceReports()
  }

  private func relayRequest(_ message: inout Multipart, _ layout: MessageLayout) throws(WireError) {
    let header = try message.header(layout)
    let isRequest = header.messageType.hasSuffix("_request")
    if isRequest, let excess = hub.directExcess { return refuse(&message, layout, header, excess) }
    if isRequest {
      let engine = registered.uuid(in: message, at: 0) ?? message.text(at: 0)
      hub.report(
        .requested(
          taskID: header.messageID, .mux, engine: engine, size: message.totalSize(), hub.record(message, layout)))
    }
    guard engines.send(&message) != .sent, isRequest else { return }
    guard !message.isEmpty else {
      // libzmq failed in the middle of the message, which nobody can answer any more.
      return hub.report(.answered(taskID: header.messageID))
    }
    let now = ContinuousClock.now
    let engineID = registered.id(of: message.text(at: 0))
    let request = HeldRequest(
      message: HeldMessage(taking: &message, layout: layout, messageType: header.messageType),
      taskID: header.messageID, engineID: engineID, deadline: now + HeldRequests.patience)
    if held.hold(request, isRegistered: isRegistered(request), now: now) {
      retrySoon { $0.retry() }
    } else {
      answerForEngine(request)
    }
  }

  /// Answers a request that would exceed the limit.
  private func refuse(
    _ message: inout Multipart, _ layout: MessageLayout, _ header: MessageHeader, _ excess: QueueLimit.Excess
  ) {
    answer(
      HeldMessage(taking: &message, layout: layout, messageType: header.messageType),
      SchedulerReply.failure(.queueFull(excess), taskID: header.messageID))
  }

  private func relayControl(_ message: inout Multipart, _ layout: MessageLayout) throws(WireError) {
    try forwardAbort(message, layout)
    engines.send(&message)
  }

  private func reportReply(_ message: borrowing Multipart, _ layout: MessageLayout) throws(WireError) {
    try message.checkObject(at: layout.header)
    guard let parent = try message.parentID(layout) else { return }
    let metadata = try ReplyMetadata(of: message, layout, from: registered.uuid(in: message, at: 1))
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

  // MARK: - Engines that can't be reached

  private func isRegistered(_ request: HeldRequest) -> Bool {
    registered.uuid(in: request.message.frames, at: 0) != nil
  }

  private func retry() {
    let unanswered = held.retry(
      now: .now, isRegistered: { isRegistered($0) },
      send: { request in
        defer { outgoing.removeAll() }
        request.message.append(to: &outgoing)
        return engines.send(&outgoing)
      })
    for request in unanswered { answerForEngine(request) }
    if !held.isEmpty { retrySoon { $0.retry() } }
    hub.announceReports()
  }

  /// Answers a request in place of its engine.
  private func answerForEngine(_ request: HeldRequest) {
    let engine = EngineIdentity(request.message.frames.text(at: 0))
    let loss = EngineLoss(engine: engine, id: request.engineID, reason: "it is not connected")
    answer(request.message, SchedulerReply.engineLost(loss, taskID: request.taskID)) { reply in
      SchedulerReply.report(reply, taskID: request.taskID, to: hub)
    }
  }

  private func answer(
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

import Logging
import MartletWire
import MartletZeroMQ

/// The relay of the direct (mux) and control queues: what a client addresses to an engine goes there, and back.
///
/// Each message is verified once, its two outer identities are exchanged, and its frames go on as they are.
actor DirectRelay: EventLoopActor, EngineObserver {
  /// Which queue.
  enum Kind: String, Sendable {
    case mux, control

    var channel: ConnectionInfo.Channel { self == .mux ? .mux : .control }
  }

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let kind: Kind
  private let clients: Socket
  private let engines: Socket
  private let hub: Hub
  private let scheduler: TaskScheduler
  private let logger: Logger
  private var session: Session
  private var tokens: [EventLoop.Token] = []
  private var incoming = Multipart()
  private var outgoing = Multipart()
  private var rejections = RejectionCounts()
  private var registered = EngineNames()
  private var undelivered: [Undelivered] = []
  private var retryTimer = RetryTimer()

  /// A request that can't be sent yet.
  private struct Undelivered {
    let request: HeldMessage
    let taskID: String
    let deadline: ContinuousClock.Instant
  }

  /// How long a request for an engine that is registered but can't be reached is kept: it is about to connect, or it is
  /// gone and its heart has not told yet.
  private static let patience = Duration.seconds(5)

  private static let batch = 64

  init(
    _ kind: Kind, sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, hub: Hub,
    scheduler: TaskScheduler, logger: Logger
  ) throws {
    clients = try sockets.router("\(kind.rawValue)_in", mandatory: false)
    engines = try sockets.router("\(kind.rawValue)_out", mandatory: true)
    try endpoints.bind(clients, kind.channel, .client)
    try endpoints.bind(engines, kind.channel, .engine)
    session = try sockets.session()
    self.kind = kind
    self.loop = loop
    self.hub = hub
    self.scheduler = scheduler
    self.logger = logger
  }

  /// Begins to serve.
  func start() {
    tokens = [
      onReadable(clients) { $0.drain(clientsToEngines: true) },
      onReadable(engines) { $0.drain(clientsToEngines: false) },
    ]
  }

  /// Stops serving.
  func stop() {
    for token in tokens { loop.cancel(token) }
    retryTimer.cancel(on: loop)
  }

  nonisolated func engineRegistered(_ uuid: String, returnsTasks: Bool) {
    execute { $0.registered.insert(uuid) }
  }

  nonisolated func engineUnregistered(_ uuid: String) {
    execute { $0.registered.remove(uuid) }
  }

  private func drain(clientsToEngines: Bool) {
    var left = Self.batch
    while left > 0 {
      do {
        let received = try clientsToEngines ? clients.receive(into: &incoming) : engines.receive(into: &incoming)
        guard received else { break }
        left -= 1
        try relay(toEngines: clientsToEngines)
      } catch let error as WireError {
        rejections.count(error)
        logger.refused(error, socket: clientsToEngines ? "\(kind)_in" : "\(kind)_out", count: rejections.total)
      } catch {
        logger.error("the \(kind) relay failed", metadata: [LogKey.reason: "\(error)"])
        break
      }
    }
    hub.announceReports()
  }

  /// Forwards `[sender, receiver, …]` as `[receiver, sender, …]`.
  private func relay(toEngines: Bool) throws {
    let layout = try session.verify(incoming)
    guard layout.delimiter >= 2 else { throw WireError(.malformedFrames, "a message without sender and receiver") }
    incoming.swapAt(0, 1)
    switch (kind, toEngines) {
    case (.control, true):
      try noteAbort(layout)
      if try engines.send(&incoming) != .sent { incoming.removeAll() }
    case (.control, false): try clients.send(&incoming)
    case (.mux, true): try relayRequest(layout)
    case (.mux, false): try relayReply(layout)
    }
  }

  private func relayRequest(_ layout: MessageLayout) throws {
    let header = try incoming.header(layout)
    let isRequest = header.messageType.hasSuffix("_request")
    if isRequest {
      let engine = registered.uuid(in: incoming, at: 0) ?? incoming.text(at: 0)
      hub.report(.requested(taskID: header.messageID, .mux, engine: engine, hub.record(incoming, layout)))
    }
    guard try engines.send(&incoming) != .sent else { return }
    guard isRequest else { return incoming.removeAll() }
    let request = HeldMessage(taking: &incoming, layout: layout, messageType: header.messageType)
    hold(Undelivered(request: request, taskID: header.messageID, deadline: .now + Self.patience))
  }

  private func relayReply(_ layout: MessageLayout) throws {
    try incoming.checkObject(at: layout.header)
    if let parent = try incoming.parentID(layout) {
      let metadata = try ReplyMetadata(of: incoming, layout, from: registered.uuid(in: incoming, at: 1))
      hub.report(.replied(taskID: parent, metadata.sender, hub.record(incoming, layout)))
    }
    try clients.send(&incoming)
  }

  /// Keeps a request whose engine can't be reached until it can, or answers it.
  private func hold(_ waiting: Undelivered) {
    guard registered.uuid(in: waiting.request.frames, at: 0) != nil, .now < waiting.deadline else {
      return answerUnroutable(waiting)
    }
    undelivered.append(waiting)
    retryTimer.arm(on: loop) { [unowned self] in assumeIsolated { $0.retry() } }
  }

  private func retry() {
    retryTimer.fired()
    let waiting = undelivered
    undelivered.removeAll()
    do {
      for item in waiting where try engines.send(&item.request.frames) != .sent { hold(item) }
    } catch {
      logger.error("the \(kind) relay failed", metadata: [LogKey.reason: "\(error)"])
    }
    hub.announceReports()
  }

  /// A request for an engine that isn't there (any more) is answered instead of lost.
  private func answerUnroutable(_ waiting: Undelivered) {
    let request = waiting.request
    outgoing.removeAll()
    for index in 0..<request.layout.delimiter { outgoing.append(sharing: request.frames, index) }
    outgoing.swapAt(0, 1)
    let engine = EngineIdentity(request.frames.text(at: 0))
    SchedulerReply.append(
      SchedulerReply.engineDied(engine, taskID: waiting.taskID), to: &outgoing, request: request, session: &session)
    SchedulerReply.report(outgoing, taskID: waiting.taskID, to: hub)
    _ = try? clients.send(&outgoing)
    outgoing.removeAll()
  }

  /// Tasks that are still queued at the scheduler are aborted there, not when they reach an engine.
  private func noteAbort(_ layout: MessageLayout) throws {
    let header = try incoming.header(layout)
    guard header.messageType == MessageType.abortRequest else { return }
    let content = try? JSONValue.parse(incoming.bytes(at: layout.content))
    let ids = content?["msg_ids"]?.arrayValue?.compactMap(\.stringValue) ?? []
    if !ids.isEmpty { scheduler.abort(ids) }
  }
}

import Logging
import Wire
import ZeroMQ

/// The relay of the direct (mux) and control queues: what a client addresses to an engine goes there, and back.
///
/// Each message is verified once, its two outer identities are exchanged, and its frames go on as they are.
actor DirectRelay {
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
  private var events: [HubEvent] = []
  private var rejections = RejectionCounts()

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
      loop.onReadable(clients) { @Sendable [unowned self] in assumeIsolated { $0.drain(clientsToEngines: true) } },
      loop.onReadable(engines) { @Sendable [unowned self] in assumeIsolated { $0.drain(clientsToEngines: false) } },
    ]
  }

  /// Stops serving.
  func stop() {
    for token in tokens { loop.cancel(token) }
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
    if !events.isEmpty {
      hub.report(events)
      events.removeAll(keepingCapacity: true)
    }
  }

  /// Forwards `[sender, receiver, …]` as `[receiver, sender, …]`.
  private func relay(toEngines: Bool) throws {
    let layout = try session.verify(incoming)
    guard layout.delimiter >= 2 else { throw WireError(.malformedFrames, "a message without sender and receiver") }
    incoming.swapAt(0, 1)
    guard kind == .mux else {
      if toEngines { try noteAbort(layout) }
      if toEngines {
        if try engines.send(&incoming) != .sent { incoming.removeAll() }
      } else {
        try clients.send(&incoming)
      }
      return
    }
    let header = try MessageHeader(scanning: incoming.bytes(at: layout.header))
    let parent = toEngines ? nil : try MessageHeader.messageID(scanning: incoming.bytes(at: layout.parentHeader))
    let message = MonitoredMessage(.mux, taking: &incoming, layout: layout, header: header)
    message.frames.append(0..<message.frames.count, to: &outgoing)
    defer { outgoing.removeAll() }
    if toEngines {
      let result = try engines.send(&outgoing)
      if header.messageType.hasSuffix("_request") {
        events.append(.requested(message, engine: message.frames.text(at: 0)))
        if result != .sent { answerUnroutable(message) }
      }
    } else {
      try clients.send(&outgoing)
      if let parent { events.append(.replied(message, parentID: parent)) }
    }
  }

  /// A request for an engine that isn't there (any more) is answered instead of lost.
  private func answerUnroutable(_ request: MonitoredMessage) {
    outgoing.removeAll()
    request.frames.append(1..<request.layout.delimiter, to: &outgoing)
    request.frames.append(0..<1, to: &outgoing)
    outgoing.swapAt(1, outgoing.count - 1)
    let engine = EngineIdentity(request.frames.text(at: 0))
    SchedulerReply.append(
      SchedulerReply.engineDied(engine, taskID: request.header.messageID), to: &outgoing, request: request,
      parent: request.frames[request.layout.header], session: &session)
    if let reply = MonitoredMessage(.mux, copying: outgoing) {
      events.append(.replied(reply, parentID: request.header.messageID))
    }
    _ = try? clients.send(&outgoing)
  }

  /// Tasks that are still queued at the scheduler are aborted there, not when they reach an engine.
  private func noteAbort(_ layout: MessageLayout) throws {
    let header = try MessageHeader(scanning: incoming.bytes(at: layout.header))
    guard header.messageType == MessageType.abortRequest else { return }
    let content = try? JSONValue.parse(incoming.bytes(at: layout.content))
    let ids = content?["msg_ids"]?.arrayValue?.compactMap(\.stringValue) ?? []
    if !ids.isEmpty { scheduler.abort(ids) }
  }
}

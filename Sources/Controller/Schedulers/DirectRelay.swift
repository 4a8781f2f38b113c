import Logging
import Wire
import ZeroMQ

/// The relay of the direct (mux) and control queues: what a client addresses to an engine goes there, and back.
///
/// Each message is verified once, its two outer identities are exchanged, and its frames go on as they are.
actor DirectRelay: EngineObserver {
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
  private var registered: Set<String> = []
  private var undelivered: [(request: MonitoredMessage, until: ContinuousClock.Instant)] = []
  private var retryTimer = RetryTimer()

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
      loop.onReadable(clients) { @Sendable [unowned self] in assumeIsolated { $0.drain(clientsToEngines: true) } },
      loop.onReadable(engines) { @Sendable [unowned self] in assumeIsolated { $0.drain(clientsToEngines: false) } },
    ]
  }

  /// Stops serving.
  func stop() {
    for token in tokens { loop.cancel(token) }
    retryTimer.cancel(on: loop)
  }

  nonisolated func engineRegistered(_ uuid: String) {
    loop.execute { self.assumeIsolated { _ = $0.registered.insert(uuid) } }
  }

  nonisolated func engineUnregistered(_ uuid: String) {
    loop.execute { self.assumeIsolated { _ = $0.registered.remove(uuid) } }
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
    report()
  }

  private func report() {
    guard !events.isEmpty else { return }
    hub.report(events)
    events.removeAll(keepingCapacity: true)
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
    defer { outgoing.removeAll() }
    if toEngines {
      if header.messageType.hasSuffix("_request") {
        events.append(.requested(message, engine: message.frames.text(at: 0)))
      }
      try forward(message, until: .now + Self.patience)
    } else {
      message.frames.append(0..<message.frames.count, to: &outgoing)
      try clients.send(&outgoing)
      if let parent { events.append(.replied(message, parentID: parent)) }
    }
  }

  private func forward(_ request: MonitoredMessage, until deadline: ContinuousClock.Instant) throws {
    request.frames.append(0..<request.frames.count, to: &outgoing)
    defer { outgoing.removeAll() }
    guard try engines.send(&outgoing) != .sent, request.header.messageType.hasSuffix("_request") else { return }
    guard registered.contains(request.frames.text(at: 0)), .now < deadline else { return answerUnroutable(request) }
    undelivered.append((request, deadline))
    retryTimer.arm(on: loop) { [unowned self] in assumeIsolated { $0.retry() } }
  }

  private func retry() {
    retryTimer.fired()
    let waiting = undelivered
    undelivered.removeAll()
    do {
      for (request, deadline) in waiting { try forward(request, until: deadline) }
    } catch {
      logger.error("the \(kind) relay failed", metadata: [LogKey.reason: "\(error)"])
    }
    report()
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

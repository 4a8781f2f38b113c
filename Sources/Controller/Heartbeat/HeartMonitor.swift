import Logging
import MartletWire
import MartletZeroMQ

/// The driver of the heart monitor: pings all engines and listens for their echoes.
///
/// A new subscriber is pinged soon after it joins, so that a registration is complete within milliseconds instead of
/// at the next period.
actor HeartMonitor: EventLoopActor {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let ping: Socket
  private let pong: Socket
  private let hub: Hub
  private let logger: Logger
  private var state: HeartMonitorState
  private let connections: SocketMonitor
  private var handshakes = HandshakeFailures()
  /// Which heart beats over which connection.
  private var descriptors: [EngineIdentity: Int32] = [:]
  private var tokens: [EventLoop.Token] = []
  private var timer: EventLoop.Token?
  private var extraPing: EventLoop.Token?
  private var message = Multipart(minimumCapacity: 4)

  private static let batch = 256
  /// How long an engine has to come back when its connection broke; libzmq tries again after 0.1 s.
  private static let reconnectionTime = Duration.seconds(2)
  /// New subscribers within this time share one extra ping: a thousand engines that start at once get a few dozen.
  private static let extraPingDelay = Duration.milliseconds(10)

  init(sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, hub: Hub, logger: Logger) throws {
    ping = try sockets.attentivePublisher()
    pong = try sockets.router("heartmonitor", mandatory: false)
    try endpoints.bind(ping, .heartbeatPing, .engine)
    connections = try SocketMonitor(
      pong, context: sockets.context, name: "hb_pong-\(Session.randomID())",
      events: [.failedHandshakes, .disconnections])
    try endpoints.bind(pong, .heartbeatPong, .engine, isMonitored: false)
    let heartbeat = sockets.configuration.heartbeat
    state = HeartMonitorState(period: heartbeat.period, maxMisses: heartbeat.maxMisses, start: .now)
    self.loop = loop
    self.hub = hub
    self.logger = logger
  }

  /// Begins to beat.
  func start() {
    tokens = [
      onReadable(ping) { $0.readSubscriptions() },
      onReadable(pong) { $0.readPongs() },
      onReadable(connections.socket) { $0.readConnections() },
    ]
    arm()
  }

  /// Stops beating.
  func stop() {
    for token in tokens + [timer, extraPing].compactMap(\.self) { loop.cancel(token) }
  }

  /// The next beat of this engine's heart is its first.
  nonisolated func forget(_ uuid: String) {
    execute { $0.state.forget(EngineIdentity(uuid)) }
  }

  /// An engine known from before is taken to beat; its silence will be reported.
  nonisolated func watch(_ uuid: String) {
    execute { $0.state.watch(EngineIdentity(uuid)) }
  }

  private func arm() {
    timer = schedule(at: state.nextDeadline) {
      $0.beat()
      $0.arm()
    }
  }

  private func beat() {
    guard let beat = state.advance(to: .now) else { return }
    report(.heartsStopped(beat.stoppedHearts.map(\.rawValue)), beat.stoppedHearts.isEmpty)
    for heart in beat.stoppedHearts { descriptors[heart] = nil }
    send(beat.ping)
  }

  private func report(_ event: HubEvent, _ isEmpty: Bool) {
    guard !isEmpty else { return }
    hub.report(event)
    hub.announceReports()
  }

  private func send(_ text: String) {
    message.removeAll()
    message.append(Bytes(text))
    do {
      try ping.send(&message)
    } catch {
      logger.error("can't ping the engines", metadata: [LogKey.reason: "\(error)"])
    }
  }

  private func readSubscriptions() {
    guard ping.hasNewSubscriber(using: &message, atMost: Self.batch), extraPing == nil else { return }
    extraPing = schedule(at: .now + Self.extraPingDelay) {
      $0.extraPing = nil
      $0.send($0.state.currentPing)
    }
  }

  private func readPongs() {
    var left = Self.batch
    var started: [String] = []
    while left > 0, (try? pong.receive(into: &message)) == true {
      left -= 1
      guard message.count >= 2 else { continue }
      let heart = EngineIdentity(message.text(at: 0))
      descriptors[heart] = message.sourceDescriptor()
      switch state.pong(from: heart, message.text(at: 1), now: .now) {
      case .first: started.append(heart.rawValue)
      case .onTime: break
      case .late(let delay):
        logger.debug("a late heartbeat", metadata: [LogKey.engineUUID: "\(heart)", LogKey.heartbeatDelay: "\(delay)"])
      case .stale: logger.debug("a heartbeat for no recent ping", metadata: [LogKey.engineUUID: "\(heart)"])
      }
    }
    report(.heartsStarted(started), started.isEmpty)
  }

  // MARK: - Broken connections

  /// An engine that died closes its connections at once, long before it has missed enough pings. One whose connection
  /// broke but that lives connects again and answers the next ping: it has a moment to do so.
  private func readConnections() {
    while let event = try? connections.next() {
      handshakes.note(event, socket: "hb_pong", logger: logger)
      guard event.kind == .disconnected else { continue }
      for (heart, descriptor) in descriptors where descriptor == Int32(bitPattern: event.value) {
        descriptors[heart] = nil
        giveChance(to: heart)
      }
    }
  }

  private func giveChance(to heart: EngineIdentity) {
    // Who joins again is pinged as a new subscriber.
    state.disconnected(heart)
    logger.debug("an engine's heart lost its connection", metadata: [LogKey.engineUUID: "\(heart)"])
    _ = schedule(at: .now + Self.reconnectionTime) {
      guard $0.state.endIfSilent(heart) else { return }
      $0.report(.heartsStopped([heart.rawValue]), false)
    }
  }
}

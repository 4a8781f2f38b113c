import Logging
import MartletWire
import MartletZeroMQ

/// The driver of the heart monitor. It pings all engines and receives their echoes.
///
/// It pings a new subscriber soon after it joins, so a registration completes within milliseconds instead of at the
/// next period.
actor HeartMonitor: SocketDriver {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  var registrations = LoopRegistrations()

  private let ping: RelaySocket
  private let pong: RelaySocket
  private let connections: SocketMonitor
  private let hub: Hub
  private let logger: Logger
  private var state: HeartMonitorState
  private var handshakes = HandshakeFailures()
  private var lateBeats = LogThrottle()
  private var staleBeats = LogThrottle()
  private var brokenConnections = LogThrottle()
  /// The connection of each heart.
  private var descriptors: [EngineIdentity: Int32] = [:]
  private var extraPing: EventLoop.Token?
  private var outgoing = Multipart(minimumCapacity: 1)

  private static let batch = 256
  /// How long an engine has to reconnect after its connection broke; libzmq tries again after 0.1 s.
  private static let reconnectionTime = Duration.seconds(2)
  /// New subscribers within this time share one extra ping. A thousand engines that start at once cause a few dozen.
  private static let extraPingDelay = Duration.milliseconds(10)

  init(sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, hub: Hub, logger: Logger) throws {
    ping = RelaySocket(try sockets.attentivePublisher(), name: "hb_ping", logger: logger)
    pong = RelaySocket(try sockets.router("heartmonitor", mandatory: false), name: "hb_pong", logger: logger)
    try endpoints.bind(ping.socket, .heartbeatPing, .engine)
    connections = try SocketMonitor(
      pong.socket, context: sockets.context, name: "hb_pong-\(Session.randomID())",
      events: [.failedHandshakes, .disconnections])
    try endpoints.bind(pong.socket, .heartbeatPong, .engine, isMonitored: false)
    let heartbeat = sockets.configuration.heartbeat
    state = HeartMonitorState(period: heartbeat.period, maxMisses: heartbeat.maxMisses, start: .now)
    self.loop = loop
    self.hub = hub
    self.logger = logger
  }

  func start() {
    serve(ping) { $0.readSubscriptions() }
    serve(pong) { $0.readPongs() }
    serve(connections.socket) { $0.readConnections() }
    arm()
  }

  func stop() {
    if let extraPing { loop.cancel(extraPing) }
    stopServing()
  }

  /// Forgets a heart. Its next beat counts as its first.
  nonisolated func forget(_ uuid: String) {
    execute { $0.state.forget(EngineIdentity(uuid)) }
  }

  /// Treats a previously known engine as beating, so its silence is reported.
  nonisolated func watch(_ uuid: String) {
    execute { $0.state.watch(EngineIdentity(uuid)) }
  }

  // MARK: - Pings

  private func arm() {
    wake(at: state.nextDeadline) {
      $0.beat()
      $0.arm()
    }
  }

  private func beat() {
    guard let beat = state.advance(to: .now) else { return }
    if !beat.stoppedHearts.isEmpty { report(.heartsStopped(beat.stoppedHearts.map(\.rawValue))) }
    for heart in beat.stoppedHearts { descriptors[heart] = nil }
    sendPing(beat.ping)
  }

  private func sendPing(_ text: String) {
    outgoing.append(Bytes(text))
    ping.send(&outgoing)
    outgoing.removeAll()
  }

  private func readSubscriptions() {
    guard ping.hasNewSubscriber(atMost: Self.batch), extraPing == nil else { return }
    extraPing = schedule(at: .now + Self.extraPingDelay) {
      $0.extraPing = nil
      $0.sendPing($0.state.currentPing)
    }
  }

  private func report(_ event: HubEvent) {
    hub.report(event)
    hub.announceReports()
  }

  // MARK: - Pongs

  private func readPongs() {
    var started: [String] = []
    pong.drain(atMost: Self.batch) { message in
      if message.count >= 2, let heart = readPong(message) { started.append(heart) }
    }
    if !started.isEmpty { report(.heartsStarted(started)) }
  }

  /// - Returns: the uuid of a heart that beats for the first time.
  private func readPong(_ message: borrowing Multipart) -> String? {
    let heart = EngineIdentity(message.text(at: 0))
    descriptors[heart] = message.sourceDescriptor()
    switch state.pong(from: heart, message.text(at: 1), now: .now) {
    case .first: return heart.rawValue
    case .onTime: break
    case .late(let delay):
      lateBeats.log(
        .debug, "a late heartbeat", to: logger,
        metadata: [LogKey.engineUUID: "\(heart)", LogKey.heartbeatDelay: "\(delay)"])
    case .stale:
      staleBeats.log(
        .debug, "a heartbeat for no recent ping", to: logger, metadata: [LogKey.engineUUID: "\(heart)"])
    }
    return nil
  }

  // MARK: - Broken connections

  /// Detects engines whose connections close. A dead engine's connections close at once, long before it has missed
  /// enough pings.
  private func readConnections() {
    while let event = try? connections.next() {
      handshakes.note(event, socket: "hb_pong", logger: logger)
      guard event.kind == .disconnected else { continue }
      for (heart, descriptor) in descriptors where descriptor == Int32(bitPattern: event.value) {
        descriptors[heart] = nil
        awaitReconnection(of: heart)
      }
    }
  }

  /// Ends a heart whose connection broke unless it beats again soon. A live engine reconnects and is pinged as a new
  /// subscriber.
  private func awaitReconnection(of heart: EngineIdentity) {
    state.disconnected(heart)
    brokenConnections.log(
      .debug, "an engine's heart lost its connection", to: logger, metadata: [LogKey.engineUUID: "\(heart)"])
    _ = schedule(at: .now + Self.reconnectionTime) {
      if $0.state.endIfSilent(heart) { $0.report(.heartsStopped([heart.rawValue])) }
    }
  }
}

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
  private var lateBeats = LogThrottle()
  private var staleBeats = LogThrottle()
  private var brokenConnections = LogThrottle()
  /// The connection of each heart, and the heart of each connection.
  private var descriptors: [EngineIdentity: Int32] = [:]
  private var hearts: [Int32: EngineIdentity] = [:]
  private var extraPing: EventLoop.Token?
  private var reconnectionPing: EventLoop.Token?
  private var outgoing = Multipart(minimumCapacity: 1)

  private static let batch = 256
  /// New subscribers within this time share one extra ping. A thousand engines that start at once cause a few dozen.
  private static let extraPingDelay = Duration.milliseconds(10)

  init(sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, hub: Hub, logger: Logger) throws {
    ping = RelaySocket(
      try sockets.attentivePublisher(highWaterMark: ControllerSockets.pings), name: "hb_ping", logger: logger)
    pong = RelaySocket(try sockets.heartRouter(), name: "hb_pong", logger: logger)
    try endpoints.bind(ping, .heartbeatPing, .engine)
    connections = try SocketMonitor(
      pong.socket, context: sockets.context, name: "hb_pong-\(Session.randomID())",
      events: .ofConnections)
    try endpoints.bind(pong, .heartbeatPong, .engine, isMonitored: false)
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
    for token in [extraPing, reconnectionPing].compactMap(\.self) { loop.cancel(token) }
    stopServing()
  }

  /// Forgets a heart. Its next beat counts as its first.
  nonisolated func forget(_ uuid: String) {
    execute { $0.state.forget(EngineIdentity(uuid)) }
  }

  /// Reports each beat of a heart, since the hub does not know its engine.
  nonisolated func estrange(_ uuid: String) {
    execute { $0.state.estrange(EngineIdentity(uuid)) }
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
    for heart in beat.stoppedHearts { forgetConnection(of: heart) }
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
    pong.drain(atMost: Self.batch) { (message) throws(WireError) in
      guard message.count >= 2 else { throw WireError(.malformedFrames, "a beat of one frame") }
      if let heart = readPong(message) { started.append(heart) }
    }
    if !started.isEmpty { report(.heartsStarted(started)) }
  }

  /// - Returns: the uuid of a heart that beats for the first time, or whose engine is unknown.
  private func readPong(_ message: borrowing Multipart) -> String? {
    let heart = EngineIdentity(message.text(at: 0))
    noteConnection(message.sourceDescriptor(), of: heart)
    switch state.pong(from: heart, message.text(at: 1), now: .now) {
    case .first, .stranger: return heart.rawValue
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

  private func noteConnection(_ descriptor: Int32?, of heart: EngineIdentity) {
    guard descriptors[heart] != descriptor else { return }
    forgetConnection(of: heart)
    guard let descriptor else { return }
    descriptors[heart] = descriptor
    hearts[descriptor] = heart
  }

  private func forgetConnection(of heart: EngineIdentity) {
    if let descriptor = descriptors.removeValue(forKey: heart) { hearts[descriptor] = nil }
  }

  /// Detects engines whose connections close. A dead engine's connections close at once, long before it has missed
  /// enough pings.
  private func readConnections() {
    while let event = try? connections.next() {
      pong.ears?.note(event)
      guard event.kind == .disconnected, let heart = hearts[Int32(bitPattern: event.value)] else { continue }
      forgetConnection(of: heart)
      state.disconnected(heart, now: .now)
      brokenConnections.log(
        .debug, "an engine's heart lost its connection", to: logger, metadata: [LogKey.engineUUID: "\(heart)"])
      awaitReconnections()
    }
  }

  /// Pings hearts whose connections broke until they beat again, or ends them if they don't soon. An engine's other
  /// connection, over which pings come, may be unharmed, so nothing tells when it is back.
  private func awaitReconnections() {
    guard state.hasSilentHearts, reconnectionPing == nil else { return }
    reconnectionPing = schedule(at: .now + HeartMonitorState.silenceInterval) {
      $0.reconnectionPing = nil
      let stopped = $0.state.endSilent(now: .now)
      if !stopped.isEmpty { $0.report(.heartsStopped(stopped.map(\.rawValue))) }
      guard $0.state.hasSilentHearts else { return }
      $0.sendPing($0.state.currentPing)
      $0.awaitReconnections()
    }
  }
}

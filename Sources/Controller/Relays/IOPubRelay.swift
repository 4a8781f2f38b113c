import Logging
import MartletWire
import MartletZeroMQ

/// The relay of what engines publish: output, errors and status go to all clients, and all but status to the hub.
actor IOPubRelay: SocketDriver {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  var registrations = LoopRegistrations()

  private let engines: RelaySocket
  private let clients: RelaySocket
  private let hub: Hub
  private let logger: Logger
  private var session: Session
  private var outgoing = Multipart()
  private var statuses = RecentMessages(limit: 256, age: .seconds(2))
  /// The descriptors of connections that a verified status came from, at most as many as there are descriptors.
  private var verified: Set<Int32> = []
  private var unreadableStatuses = LogThrottle()

  private static let statusSuffix = Array(".status".utf8)

  init(sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, hub: Hub, logger: Logger) throws {
    engines = RelaySocket(try sockets.subscriber(), name: "iopub", logger: logger)
    clients = RelaySocket(
      try sockets.attentivePublisher(highWaterMark: ControllerSockets.output), name: "iopub", logger: logger)
    try endpoints.bind(engines, .iopub, .engine)
    try endpoints.bind(clients, .iopub, .client)
    session = try sockets.session()
    self.loop = loop
    self.hub = hub
    self.logger = logger
  }

  /// Starts serving.
  func start() {
    serve(engines) { $0.readEngines() }
    serve(clients) { $0.readSubscriptions() }
  }

  /// Stops serving.
  func stop() { stopServing() }

  private func readEngines() {
    engines.drain { (message) throws(WireError) in
      if isStatus(message) {
        try keepStatus(message)
      } else {
        try report(message)
      }
      publish(&message)
    }
    hub.announceReports()
  }

  /// Whether the topic is that of a status message. There are two for each task and the hub doesn't need them, so they
  /// are relayed without a look inside; the clients verify them.
  private func isStatus(_ message: borrowing Multipart) -> Bool {
    let topic = message.bytes(at: 0)
    guard topic.count >= Self.statusSuffix.count else { return false }
    let start = topic.count - Self.statusSuffix.count
    for index in Self.statusSuffix.indices where topic[start + index] != Self.statusSuffix[index] { return false }
    return true
  }

  private func publish(_ message: inout Multipart) {
    clients.ears?.publish(message.totalSize())
    clients.send(&message)
  }

  /// Keeps a status for late subscribers.
  ///
  /// - Throws: the reason to refuse the first one of a connection.
  private func keepStatus(_ message: borrowing Multipart) throws(WireError) {
    try proveSender(of: message)
    for index in 0..<message.count { outgoing.append(sharing: message, index) }
    statuses.add(SharedFrames(taking: &outgoing), now: .now)
  }

  /// Verifies one status of each connection, while there are any that nothing valid came from: engines that print
  /// nothing publish nothing else.
  private func proveSender(of message: borrowing Multipart) throws(WireError) {
    guard engines.isListening, let source = message.sourceDescriptor() else { return engines.leaveUnproven() }
    guard verified.contains(source) else {
      _ = try session.verify(message)
      verified.insert(source)
      return
    }
    // The descriptor may be that of another connection by now, which has not proven anything.
    engines.leaveUnproven()
  }

  private func report(_ message: borrowing Multipart) throws(WireError) {
    let layout = try session.verify(message)
    let header = try message.header(layout, includingOrigin: true)
    guard let output = hub.recordOutput(message, layout, type: header.messageType) else { return }
    hub.report(.published(type: header.messageType, session: header.session, output))
  }

  // MARK: - Late subscribers

  /// Publishes the latest `idle` statuses again for a new subscriber, which may have sent requests already and missed
  /// what was published about them: Python clients wait for `idle` without a limit.
  ///
  /// The messages are the controller's own, as a client accepts each message once only. Clients that have seen the
  /// original are not affected.
  private func readSubscriptions() {
    guard clients.hasNewSubscriber() else { return }
    for status in statuses.all(now: .now) {
      do {
        try republish(status)
      } catch {
        unreadableStatuses.log(
          .debug, "a status is not published again", to: logger, metadata: [LogKey.reason: "\(error)"])
      }
    }
  }

  private func republish(_ status: SharedFrames) throws {
    defer { outgoing.removeAll() }
    var message = Multipart()
    status.append(0..<status.count, to: &message)
    let layout = try session.verify(message, detectReplays: false)
    let content = message.shared(layout.content)
    guard layout.delimiter > 0, try JSONValue.parse(content)["execution_state"] == "idle" else { return }
    outgoing.append(message.shared(0))
    session.append(
      to: &outgoing, type: MessageType.status, parent: message.shared(layout.parentHeader),
      metadata: message.shared(layout.metadata).array, content: content.array)
    publish(&outgoing)
  }
}

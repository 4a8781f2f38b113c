import Logging
import Wire
import ZeroMQ

/// The relay of what engines publish: output, errors and status go to all clients, and all but status to the hub.
actor IOPubRelay: EventLoopActor {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let engines: Socket
  private let clients: Socket
  private let hub: Hub
  private let logger: Logger
  private var session: Session
  private var token: EventLoop.Token?
  private var incoming = Multipart()
  private var rejections = RejectionCounts()

  private static let batch = 64
  private static let statusSuffix = Array(".status".utf8)

  init(sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, hub: Hub, logger: Logger) throws {
    engines = try sockets.subscriber()
    clients = try sockets.publisher()
    try endpoints.bind(engines, .iopub, .engine)
    try endpoints.bind(clients, .iopub, .client)
    session = try sockets.session()
    self.loop = loop
    self.hub = hub
    self.logger = logger
  }

  /// Begins to serve.
  func start() {
    token = onReadable(engines) { $0.drain() }
  }

  /// Stops serving.
  func stop() {
    if let token { loop.cancel(token) }
  }

  private func drain() {
    var events: [HubEvent] = []
    var left = Self.batch
    while left > 0 {
      do {
        guard try engines.receive(into: &incoming) else { break }
        left -= 1
        if isStatus() {
          try clients.send(&incoming)
        } else {
          if let event = try relay() { events.append(event) }
        }
      } catch let error as WireError {
        rejections.count(error)
        logger.refused(error, socket: "iopub", count: rejections.total)
      } catch {
        logger.error("the IOPub relay failed", metadata: [LogKey.reason: "\(error)"])
        break
      }
    }
    if !events.isEmpty { hub.report(events) }
  }

  /// Status messages, two a task, are of no interest to the hub: the topic tells them without a look inside, and who
  /// receives them verifies them.
  private func isStatus() -> Bool {
    let topic = incoming.bytes(at: 0)
    guard topic.count >= Self.statusSuffix.count else { return false }
    let start = topic.count - Self.statusSuffix.count
    for index in Self.statusSuffix.indices where topic[start + index] != Self.statusSuffix[index] { return false }
    return true
  }

  private func relay() throws -> HubEvent? {
    let layout = try session.verify(incoming)
    let header = try incoming.header(layout, includingOrigin: true)
    let message = hub.recordOutput(incoming, layout, type: header.messageType)
    try clients.send(&incoming)
    return message.map { .published(type: header.messageType, session: header.session, $0) }
  }
}

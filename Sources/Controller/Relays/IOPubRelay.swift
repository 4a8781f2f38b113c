import Logging
import MartletWire
import MartletZeroMQ

/// The relay of what engines publish: output, errors and status go to all clients, and all but status to the hub.
actor IOPubRelay: EventLoopActor {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let engines: Socket
  private let clients: Socket
  private let hub: Hub
  private let logger: Logger
  private var session: Session
  private var tokens: [EventLoop.Token] = []
  private var incoming = Multipart()
  private var outgoing = Multipart()
  private var statuses = RecentMessages(limit: 256, age: .seconds(2))
  private var rejections = RejectionCounts()

  private static let batch = 64
  private static let statusSuffix = Array(".status".utf8)

  init(sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, hub: Hub, logger: Logger) throws {
    engines = try sockets.subscriber()
    clients = try sockets.attentivePublisher()
    try endpoints.bind(engines, .iopub, .engine)
    try endpoints.bind(clients, .iopub, .client)
    session = try sockets.session()
    self.loop = loop
    self.hub = hub
    self.logger = logger
  }

  /// Begins to serve.
  func start() {
    tokens = [onReadable(engines) { $0.drain() }, onReadable(clients) { $0.readSubscriptions() }]
  }

  /// Stops serving.
  func stop() {
    for token in tokens { loop.cancel(token) }
  }

  private func drain() {
    var left = Self.batch
    while left > 0 {
      do {
        guard try engines.receive(into: &incoming) else { break }
        left -= 1
        if isStatus() {
          keepStatus()
          try clients.send(&incoming)
        } else {
          try relay()
        }
      } catch let error as WireError {
        rejections.count(error)
        logger.refused(error, socket: "iopub", count: rejections.total)
      } catch {
        logger.error("the IOPub relay failed", metadata: [LogKey.reason: "\(error)"])
        break
      }
    }
    hub.announceReports()
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

  private func keepStatus() {
    for index in 0..<incoming.count { outgoing.append(sharing: incoming, index) }
    statuses.add(SharedFrames(taking: &outgoing), now: .now)
  }

  /// A client that subscribes may have sent requests already, and missed what was published about them. Python's wait
  /// for `idle` without a limit, so that of the latest requests is published again, in messages of the controller's own,
  /// as nobody accepts the same one twice. It changes nothing for those who have seen it.
  private func readSubscriptions() {
    guard clients.hasNewSubscriber(using: &incoming, atMost: Self.batch) else { return }
    for status in statuses.all(now: .now) {
      incoming.removeAll()
      outgoing.removeAll()
      do {
        status.append(0..<status.count, to: &incoming)
        let layout = try session.verify(incoming, detectReplays: false)
        let content = incoming.shared(layout.content)
        guard layout.delimiter > 0, try JSONValue.parse(content)["execution_state"] == "idle" else { continue }
        outgoing.append(incoming.shared(0))
        session.append(
          to: &outgoing, type: MessageType.status, parent: incoming.shared(layout.parentHeader),
          metadata: incoming.shared(layout.metadata).array, content: content.array)
        try clients.send(&outgoing)
      } catch {
        logger.debug("a status is not published again", metadata: [LogKey.reason: "\(error)"])
      }
    }
    outgoing.removeAll()
  }

  private func relay() throws {
    let layout = try session.verify(incoming)
    let header = try incoming.header(layout, includingOrigin: true)
    if let message = hub.recordOutput(incoming, layout, type: header.messageType) {
      hub.report(.published(type: header.messageType, session: header.session, message))
    }
    try clients.send(&incoming)
  }
}

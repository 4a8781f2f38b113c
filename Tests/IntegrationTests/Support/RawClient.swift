import MartletWire
import MartletZeroMQ

/// A client built on raw sockets. It has its own event loop, so it may block.
actor RawClient {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let sockets: [ConnectionInfo.Channel: Box]
  private let notifications: Box
  private var session: Session

  private final class Box {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }

  /// A reply with parsed content.
  struct Reply: Sendable {
    let type: String
    let parent: String
    let content: JSONValue
    let metadata: JSONValue
    let buffers: [Bytes]
    let identities: [Bytes]
  }

  init(_ test: TestController, key: String? = nil) throws {
    let info = test.client
    var options = SocketOptions()
    options.linger = .zero
    if let server = info.curveServerKey { options.curve = .client(try .generate(), serverKey: server) }
    var sockets: [ConnectionInfo.Channel: Box] = [:]
    for channel in [ConnectionInfo.Channel.registration, .mux, .task, .control, .broadcast] {
      let socket = try Socket(test.context, .dealer, options: options)
      try socket.connect(try info.endpoint(channel))
      sockets[channel] = Box(socket)
    }
    self.sockets = sockets
    options.subscriptions = [Bytes()]
    let notifications = try Socket(test.context, .subscribe, options: options)
    try notifications.connect(try info.endpoint(.notification))
    self.notifications = Box(notifications)
    session = try Session(key: key ?? info.key)
    loop = try EventLoop(name: "raw-client")
    try loop.start()
  }

  deinit { loop.stop() }

  /// Sends a request, optionally to a specific engine.
  ///
  /// - Returns: the request's id.
  @discardableResult
  func send(
    _ channel: ConnectionInfo.Channel, _ type: String, to engine: String? = nil, metadata: JSONValue = [:],
    content: JSONValue = [:], buffers: [Bytes] = []
  ) throws -> String {
    var message = Multipart()
    if let engine { message.append(Bytes(engine)) }
    let id = session.nextMessageID()
    session.append(
      to: &message, type: type, id: id, metadata: metadata.bytes.array, content: content.bytes.array, buffers: buffers)
    try sockets[channel]?.socket.send(&message)
    return id
  }

  func send(_ channel: ConnectionInfo.Channel, frames: [[UInt8]]) throws {
    var message = Multipart()
    for frame in frames { message.append(frame) }
    try sockets[channel]?.socket.send(&message)
  }

  /// Waits for the next message on a channel.
  func receive(_ channel: ConnectionInfo.Channel) throws -> Reply {
    guard let box = sockets[channel] else { throw TimedOut(what: "no such channel") }
    return try receive(box, .seconds(30), "a reply on \(channel)")
  }

  /// Sends a request to the hub and waits for the reply.
  func ask(_ type: String, _ content: JSONValue = [:]) throws -> Reply {
    try send(.registration, type, content: content)
    return try receive(.registration)
  }

  /// The registered engines' UUIDs by id.
  func engines() throws -> JSONValue? { try ask("connection_request").content["engines"] }

  /// Sends a request and returns whether the next reply answers it.
  func isAnswered(_ channel: ConnectionInfo.Channel, by engine: String? = nil) throws -> Bool {
    let id = try send(channel, "apply_request", to: engine)
    return try receive(channel).parent == id
  }

  /// Waits for the next notification of a given type.
  func notification(_ type: String, within timeout: Duration = .seconds(30)) throws -> JSONValue {
    while true {
      let reply = try receive(notifications, timeout, type)
      if reply.type == type { return reply.content }
    }
  }

  private func receive(_ box: Box, _ timeout: Duration, _ what: String) throws -> Reply {
    var message = Multipart()
    guard try box.socket.receive(into: &message, timeout: timeout) else { throw TimedOut(what: what) }
    let taken = try session.take(&message)
    return Reply(
      type: taken.header.messageType, parent: try taken.parentID() ?? "", content: try taken.content(),
      metadata: try taken.metadata(), buffers: taken.buffers, identities: taken.identities)
  }
}

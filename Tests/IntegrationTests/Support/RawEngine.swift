import MartletWire
import MartletZeroMQ

/// An engine built on raw sockets. It answers each request with the request's buffers.
///
/// It answers a request whose content is `{"fail": true}` with an error, and holds one with `{"hold": true}` until
/// ``release()``.
actor RawEngine {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  nonisolated let uuid: String

  private let test: TestController
  private let options: SocketOptions
  private var session: Session
  private var shell: Box?
  private var control: Box?
  private var ping: Box?
  private var pong: Box?
  private var heart: EventLoop.Token?
  private var tokens: [EventLoop.Token] = []
  private var held: [Message] = []
  /// The types of the control requests received.
  private(set) var controlRequests: [String] = []

  private final class Box {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }

  init(_ test: TestController, uuid: String) throws {
    self.test = test
    self.uuid = uuid
    var options = SocketOptions(identity: Bytes(uuid))
    options.linger = .zero
    if let server = test.engine.curveServerKey { options.curve = .client(try .generate(), serverKey: server) }
    self.options = options
    session = try Session(key: test.engine.key)
    loop = try EventLoop(name: "raw-engine")
    try loop.start()
  }

  deinit { loop.stop() }

  /// Registers, connects and starts the heart. Registration completes when the hub receives a heartbeat.
  ///
  /// - Returns: the engine's id.
  func register() throws -> Int {
    let info = test.engine
    let registration = try open(.dealer)
    try registration.socket.connect(try info.endpoint(.registration))
    var message = Multipart()
    session.append(
      to: &message, type: MessageType.registrationRequest,
      content: JSONValue.object(["uuid": .string(uuid)]).bytes.array)
    try registration.socket.send(&message)
    guard try registration.socket.receive(into: &message, timeout: .seconds(30)) else {
      throw TimedOut(what: "a registration_reply")
    }
    let content = try session.take(&message).content()
    guard let id = content["id"]?.intValue else { throw TimedOut(what: "an id in \(content.bytes.string)") }
    let shell = try open(.router)
    for endpoint in try shellEndpoints(id) { try shell.socket.connect(endpoint) }
    let control = try open(.router)
    try control.socket.connect(try info.endpoint(.control))
    // The callbacks retain the sockets: no other thread may close them while the loop polls them.
    tokens = [
      loop.onReadable(shell.socket) { [weak self] in
        withExtendedLifetime(shell) { self?.assumeIsolated { $0.answer($0.shell) } }
      },
      loop.onReadable(control.socket) { [weak self] in
        withExtendedLifetime(control) { self?.assumeIsolated { $0.answer($0.control) } }
      },
    ]
    (self.shell, self.control) = (shell, control)
    try beat()
    return id
  }

  /// Connects its shell socket again before the old connections end, of which it reads nothing any more: what was sent over
  /// them is lost, and libzmq ignores the new ones.
  ///
  /// - Parameter id: the engine's id.
  /// - Parameter sendRequests: sends what will be lost. The controller has taken note of the new connections then.
  func reconnectTooEarly(_ id: Int, sendRequests: @Sendable () async throws -> Void) async throws {
    guard let first = tokens.first else { return }
    loop.cancel(first)
    let new = try open(.router)
    let endpoints = try shellEndpoints(id)
    let monitor = try SocketMonitor(new.socket, context: test.context, name: "early-\(uuid)", events: .connections)
    for endpoint in endpoints { try new.socket.connect(endpoint) }
    for _ in endpoints {
      guard try monitor.next(timeout: .seconds(30)) != nil else { throw TimedOut(what: "the connections") }
    }
    try await sendRequests()
    shell = new
    tokens[0] = loop.onReadable(new.socket) { [weak self] in
      withExtendedLifetime(new) { self?.assumeIsolated { $0.answer($0.shell) } }
    }
  }

  private func shellEndpoints(_ id: Int) throws -> [String] {
    let leaves = try test.engine.endpoints(.broadcast)
    return [try test.engine.endpoint(.mux), try test.engine.endpoint(.task), leaves[id % leaves.count]]
  }

  /// Answers the held requests.
  func release() {
    let messages = held
    held = []
    for message in messages { if let shell { reply(to: message, on: shell) } }
  }

  var heldCount: Int { held.count }

  /// Stops the heart and stops answering, but keeps the connections open.
  func freeze() {
    for token in tokens + [heart].compactMap(\.self) { loop.cancel(token) }
    tokens = []
    heart = nil
  }

  /// Closes all connections.
  func disconnect() {
    freeze()
    (shell, control, ping, pong) = (nil, nil, nil, nil)
  }

  private func open(_ type: SocketType) throws -> Box { Box(try Socket(test.context, type, options: options)) }

  private func beat() throws {
    var listening = options
    listening.subscriptions = [Bytes()]
    let ping = Box(try Socket(test.context, .subscribe, options: listening))
    let pong = try open(.dealer)
    try pong.socket.connect(try test.engine.endpoint(.heartbeatPong))
    try ping.socket.connect(try test.engine.endpoint(.heartbeatPing))
    heart = loop.onReadable(ping.socket) {
      var message = Multipart()
      if (try? ping.socket.receive(into: &message)) == true { _ = try? pong.socket.send(&message) }
    }
    (self.ping, self.pong) = (ping, pong)
  }

  private func answer(_ box: Box?) {
    var frames = Multipart()
    guard let box, (try? box.socket.receive(into: &frames)) == true, let message = try? session.take(&frames) else {
      return
    }
    if box === control { controlRequests.append(message.header.messageType) }
    if (try? message.content())?["hold"]?.boolValue == true {
      held.append(message)
    } else {
      reply(to: message, on: box)
    }
  }

  private func reply(to request: Message, on box: Box) {
    let failed = (try? request.content())?["fail"]?.boolValue == true
    var metadata = (try? request.metadata())?.objectValue ?? [:]
    metadata["engine"] = .string(uuid)
    metadata["status"] = failed ? "error" : "ok"
    let content: JSONValue = failed ? ["status": "error", "ename": "ValueError", "evalue": "5"] : ["status": "ok"]
    var message = Multipart()
    for identity in request.identities { message.append(identity) }
    session.append(
      to: &message, type: request.header.messageType.replacing("_request", with: "_reply"),
      parent: request.headerBytes, metadata: JSONValue.object(metadata).bytes.array, content: content.bytes.array,
      buffers: request.buffers)
    _ = try? box.socket.send(&message)
  }
}

import Logging
import Martlet
import MartletWire
import MartletZeroMQ

/// Many engines on one thread, which register, beat, and answer every call with None at once.
///
/// Each has its own shell and pong sockets, because their identities address it. Registration and ping are shared;
/// control and IOPub are left out. Simulated engines load the controller and the client, where real engines, each a
/// process, would load the machine.
actor SimulatedEngines {
  nonisolated private let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  /// An engine accepted by the hub.
  private final class Engine {
    let uuid: String
    let shell: Socket
    let pong: Socket

    init(_ uuid: String, shell: consuming Socket, pong: consuming Socket) {
      self.uuid = uuid
      self.shell = shell
      self.pong = pong
    }
  }

  private let connection: ConnectionInfo
  /// What all sockets have in common.
  private let options: SocketOptions
  private var session: Session
  private var context: Context?
  private var registrar: Socket?
  private var ping: Socket?
  private var engines: [Engine] = []
  private var sources: [EventLoop.Token] = []
  /// The uuids of engines waiting for the hub's answer, by request.
  private var requested: [String: String] = [:]
  private var registering: CheckedContinuation<Void, any Error>?
  private var incoming = Multipart()
  private var outgoing = Multipart()

  private static let none = ResultBuffers.serialize(.none)
  private static let ok = Array(#"{"status":"ok"}"#.utf8)

  /// Creates a set without engines.
  ///
  /// - Parameter connection: the engines' connection.
  init(_ connection: ConnectionInfo) throws {
    self.connection = connection
    var options = SocketOptions()
    if let serverKey = connection.curveServerKey {
      options.curve = .client(try .generate(), serverKey: serverKey)
    }
    self.options = options
    loop = try EventLoop(name: "engines")
    try loop.start()
    session = try Session(key: connection.key, scheme: connection.signatureScheme, username: "engine")
  }

  /// Registers engines and returns when the hub has accepted them all. Their hearts beat some time later.
  func register(_ count: Int) async throws {
    let context = try Context(maxSockets: 2 * count + 16)
    self.context = context
    var options = self.options
    options.subscriptions = [Bytes()]
    let ping = try Socket(context, .subscribe, options: options)
    try ping.connect(try connection.endpoint(.heartbeatPing))
    sources.append(loop.onReadable(ping) { [weak self] in self?.assumeIsolated { $0.beat() } })
    self.ping = consume ping
    let registrar = try Socket(context, .dealer, options: self.options)
    try registrar.connect(try connection.endpoint(.registration))
    sources.append(loop.onReadable(registrar) { [weak self] in self?.assumeIsolated { $0.readRegistrations() } })
    self.registrar = consume registrar
    try await withCheckedThrowingContinuation { continuation in
      registering = continuation
      for _ in 0..<count { request(uuid: Session.randomID()) }
    }
  }

  /// Closes all sockets and ends the thread.
  func stop() {
    for source in sources { loop.cancel(source) }
    sources = []
    engines = []
    registrar = nil
    ping = nil
    context = nil
    loop.stop()
  }

  private func request(uuid: String) {
    let content: JSONValue = ["uuid": .string(uuid)]
    let id = session.nextMessageID()
    session.append(to: &outgoing, type: MessageType.registrationRequest, id: id, content: content.bytes.array)
    requested[id] = uuid
    send { try registrar?.send(&$0) }
  }

  private func readRegistrations() {
    do {
      while try registrar?.receive(into: &incoming) ?? false {
        let reply = try session.take(&incoming)
        guard let id = try reply.parentID(), let uuid = requested.removeValue(forKey: id),
          let number = try reply.content()["id"]?.intValue
        else { throw SimulationError("the hub refuses an engine: \(reply.contentBytes.string)") }
        try open(uuid, number)
      }
      guard requested.isEmpty else { return }
      registering?.resume()
      registering = nil
    } catch {
      registering?.resume(throwing: error)
      registering = nil
    }
  }

  private func open(_ uuid: String, _ id: Int) throws {
    guard let context else { return }
    var options = self.options
    options.identity = Bytes(uuid)
    let leaves = try connection.endpoints(.broadcast)
    let shell = try Socket(context, .router, options: options)
    for endpoint in [try connection.endpoint(.mux), try connection.endpoint(.task), leaves[id % leaves.count]] {
      try shell.connect(endpoint)
    }
    let pong = try Socket(context, .dealer, options: options)
    try pong.connect(try connection.endpoint(.heartbeatPong))
    let index = engines.count
    sources.append(loop.onReadable(shell) { [weak self] in self?.assumeIsolated { $0.readShell(index) } })
    engines.append(Engine(uuid, shell: shell, pong: pong))
  }

  private func beat() {
    while (try? ping?.receive(into: &incoming)) == true {
      for engine in engines {
        for index in 0..<incoming.count { outgoing.append(sharing: incoming, index) }
        send { try engine.pong.send(&$0) }
      }
    }
  }

  private func readShell(_ index: Int) {
    let engine = engines[index]
    while (try? engine.shell.receive(into: &incoming)) == true {
      guard let layout = try? session.verify(incoming) else { continue }
      for identity in 0..<layout.delimiter { outgoing.append(sharing: incoming, identity) }
      session.append(
        to: &outgoing, type: MessageType.applyReply, parent: incoming.shared(layout.header),
        metadata: metadata(of: engine, asked: incoming.shared(layout.metadata)), content: Self.ok, buffers: Self.none)
      send { try engine.shell.send(&$0) }
    }
  }

  private func metadata(of engine: Engine, asked: Bytes) -> [UInt8] {
    var metadata: [String: JSONValue] = [
      "engine": .string(engine.uuid), "status": "ok", "started": .string("\(Timestamp.now)"),
      "dependencies_met": true,
    ]
    let request = try? JSONValue.parse(asked)
    for key in ["is_broadcast", "is_coalescing", "original_msg_id"] { metadata[key] = request?[key] }
    return JSONValue.object(metadata).bytes.array
  }

  /// Sends the written message, or drops it if the receiver is not connected.
  private func send(_ body: (inout Multipart) throws -> SendResult?) {
    _ = try? body(&outgoing)
    outgoing.removeAll()
  }
}

/// Something that engines or connections of a measurement could not do.
struct SimulationError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

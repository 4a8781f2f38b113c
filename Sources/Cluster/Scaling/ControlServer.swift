import MartletWire
import MartletZeroMQ

/// Answers what other processes of the user ask of the one that holds a cluster, on a socket in a folder that nobody else may
/// enter.
actor ControlServer {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  private let answer: @Sendable (JSONValue) async -> JSONValue
  private var context: Context?
  private var socket: Socket?
  private var source: EventLoop.Token?
  private var incoming = Multipart()
  private var outgoing = Multipart()

  /// Larger requests end their connection.
  private static let sizeLimit = 1 << 16

  /// A server that doesn't run yet.
  ///
  /// - Parameter answer: answers a request.
  /// - Throws: `ZeroMQError` when the process is out of descriptors.
  init(answer: @escaping @Sendable (JSONValue) async -> JSONValue) throws {
    loop = try EventLoop(name: "cluster-control")
    self.answer = answer
  }

  /// Listens from now on.
  ///
  /// - Throws: `ZeroMQError` when it can't, ``EventLoopEnded``.
  nonisolated func start(at endpoint: String) async throws {
    try loop.start()
    try await open(endpoint)
  }

  private func open(_ endpoint: String) throws {
    let context = try Context()
    var options = SocketOptions()
    options.maxMessageSize = Self.sizeLimit
    let socket = try Socket(context, .router, options: options)
    try socket.bind(endpoint)
    source = loop.onReadable(socket) { [weak self] in self?.assumeIsolated { $0.read() } }
    self.socket = consume socket
    self.context = context
  }

  /// Ends; requests that are being answered get no answer.
  nonisolated func stop() async {
    await close()
    loop.stop()
    await loop.waitUntilStopped()
  }

  private func close() {
    if let source { loop.cancel(source) }
    source = nil
    socket = nil
    context = nil
  }

  private func read() {
    while (try? socket?.receive(into: &incoming)) ?? false {
      guard incoming.count == 2 else { continue }
      let (asker, text) = (incoming.shared(0), incoming.text(at: 1))
      Task { await self.reply(to: asker, text) }
    }
  }

  private func reply(to asker: Bytes, _ text: String) async {
    let request: JSONValue
    do {
      request = try JSONValue.parse(Bytes(text))
    } catch {
      return send(["status": "error", "evalue": .string("\(error)")], to: asker)
    }
    send(await answer(request), to: asker)
  }

  private func send(_ answer: JSONValue, to asker: Bytes) {
    outgoing.removeAll()
    outgoing.append(asker)
    outgoing.append(answer.bytes.array)
    // An asker that has gone needs no answer.
    _ = try? socket?.send(&outgoing)
  }
}

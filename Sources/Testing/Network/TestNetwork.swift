import MartletController
import MartletWire
import MartletZeroMQ

/// The network between a test's engines and their controller, which does to messages what the test says.
actor TestNetwork {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let controller: ConnectionInfo
  private let context: Context
  /// By the engines' uuids.
  private var links: [String: EngineLink] = [:]
  /// How those that are cut off saw the controller, and the delay of their messages.
  private var former: [String: (connection: ConnectionInfo, delay: Duration)] = [:]
  private var losses = Losses()

  /// Enough for some hundred engines.
  private static let maxSockets = 8192
  /// After how long to try again to use an address that was in use a moment ago.
  private static let pause = Duration.milliseconds(5)

  /// A network without engines.
  ///
  /// - Throws: the errno when the process is out of descriptors or threads.
  init(_ controller: ConnectionInfo) throws {
    self.controller = controller
    context = try Context(maxSockets: Self.maxSockets)
    loop = try EventLoop(name: "test-network")
    try loop.start()
  }

  /// The controller as an engine is to see it, which can be used once the engine is connected.
  nonisolated func makeConnection() throws -> ConnectionInfo {
    var connection = controller
    connection.interface = try TestSockets.unused().url
    return connection
  }

  /// Connects an engine.
  func connect(_ engine: String, as connection: ConnectionInfo, delay: Duration = .zero) async throws {
    while true {
      do {
        links[engine] = try EngineLink(
          engine: engine, controller, as: connection, delay: delay, context: context, loop: loop
        ) { [weak self] kind in
          self?.assumeIsolated { $0.losses.take(kind, engine: engine) } ?? false
        }
        return
      } catch let error as ZeroMQError where error.isAddressInUse {
        try await Task.sleep(for: Self.pause)
      }
    }
  }

  /// Ends an engine's connections.
  ///
  /// - Returns: false if it has none.
  func cutOff(_ engine: String) -> Bool {
    guard let link = links.removeValue(forKey: engine) else { return false }
    link.stop()
    former[engine] = (link.connection, link.delay)
    return true
  }

  /// Connects an engine again. Nothing happens if it is connected.
  func reconnect(_ engine: String) async throws {
    guard let (connection, delay) = former.removeValue(forKey: engine) else { return }
    try await connect(engine, as: connection, delay: delay)
  }

  /// Ends an engine's connections for good.
  func remove(_ engine: String) {
    links.removeValue(forKey: engine)?.stop()
    former[engine] = nil
  }

  /// Sets how long the messages of an engine take.
  func delay(_ engine: String, by delay: Duration) {
    links[engine]?.delay = delay
    former[engine]?.delay = delay
  }

  /// Has the next message of a kind get lost.
  func lose(_ kind: Losses.Kind, engine: String?) { losses.add(kind, engine: engine) }

  /// Ends all connections and the thread.
  func stop() {
    for link in links.values { link.stop() }
    links = [:]
    loop.stop()
  }
}

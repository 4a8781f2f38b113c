import Dispatch
import Foundation
import Logging
import Martlet
import MartletWire
import MartletZeroMQ
import Synchronization

@testable import MartletController
@testable import MartletEngine

/// A whole controller in this process, with an engine and an honest client. Inputs come over real sockets, as messages of a
/// peer of any kind; honest calls have to go on.
final class LiveController: Sendable {
  static let shared: LiveController = {
    do {
      return try LiveController()
    } catch {
      preconditionFailure("the controller does not start: \(error)")
    }
  }()

  private struct State: ~Copyable {
    var session: Session
    var count = 0
  }

  private let sockets: [SharedSocket]
  private let client: Client
  private let state: Mutex<State>

  private static let channels: [ConnectionInfo.Channel] = [.registration, .mux, .task, .control, .broadcast]
  private static let add = RemoteFunction("add") { (a: Int, b: Int) in a + b }
  /// How many inputs come between two honest calls.
  private static let pace = 20
  /// With the key, these end what is tested, as they should.
  private static let endings: Set<String> = [
    MessageType.shutdownRequest, MessageType.unregistrationRequest, MessageType.retirementRequest,
    MessageType.signalRequest,
  ]

  private init() throws {
    let logger = Self.quietLogger()
    let context = try Context()
    var configuration = ControllerConfiguration()
    configuration.dask.isAllowed = false
    configuration.queueLimit = QueueLimit(tasks: 10_000, bytes: 100_000_000)
    let controller = try Controller(configuration: configuration, context: context, logger: logger)
    Task { try await controller.run() }
    var engineConfiguration = EngineConfiguration(connection: controller.engineConnection)
    engineConfiguration.captureOutput = false
    let engine = try Engine(configuration: engineConfiguration, functions: [Self.add], logger: logger)
    Task { try await engine.run() }
    let connection = controller.clientConnection
    client = try Self.wait {
      var configuration = ClientConfiguration()
      configuration.logger = logger
      let client = try await Client.connect(connection, configuration: configuration)
      try await client.waitForEngines(1)
      return client
    }
    sockets =
      try Self.channels.map { try Self.peer(context, .dealer, connection.endpoint($0), identity: "client") }
      + Self.channels.map {
        try Self.peer(context, .dealer, controller.engineConnection.endpoint($0), identity: "stranger")
      }
      + [
        Self.peer(context, .dealer, controller.engineConnection.endpoint(.heartbeatPong), identity: "stranger"),
        Self.peer(context, .publish, controller.engineConnection.endpoint(.iopub), identity: "stranger"),
      ]
    state = Mutex(State(session: try Session(key: connection.key)))
  }

  private static func quietLogger() -> Logger {
    var logger = Logger(label: "fuzz")
    logger.logLevel = .critical
    return logger
  }

  /// A peer's socket.
  private static func peer(
    _ context: Context, _ type: SocketType, _ endpoint: String, identity: String
  ) throws -> SharedSocket {
    var options = SocketOptions()
    options.identity = Bytes(identity)
    options.linger = .zero
    options.sendHighWaterMark = 1000
    let socket = try Socket(context, type, options: options)
    try socket.connect(endpoint)
    return try SharedSocket(socket)
  }

  /// The first byte says whether the message is signed with the key, and which socket it goes to.
  func send(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let peer = sockets[Int(first >> 1) % sockets.count]
    var frames = Multipart()
    for frame in Readers.split(Array(input.dropFirst())) { frames.append(frame) }
    guard !frames.isEmpty else { return }
    if first & 1 == 1, let layout = try? MessageLayout(of: frames),
      let header = try? frames.header(layout), !Self.endings.contains(header.messageType)
    {
      state.withLock { $0.session.resign(&frames, layout: layout) }
    }
    _ = try? peer.send(&frames)
    while (try? peer.receive(into: &frames)) == true {}
    let count = state.withLock { state in
      state.count += 1
      return state.count
    }
    if count.isMultiple(of: Self.pace) { callHonestly(count) }
  }

  private func callHonestly(_ number: Int) {
    let client = client
    do {
      let (direct, balanced) = try Self.wait {
        let direct = try await client[...].apply(Self.add, number, 1).value
        return (direct, try await client.loadBalanced().apply(Self.add, number, 2).value)
      }
      precondition(direct == [number + 1] && balanced == number + 2, "an honest call has a wrong result")
    } catch {
      preconditionFailure("an honest call fails: \(error)")
    }
  }

  /// Waits for what is done elsewhere, as libFuzzer expects an input to be finished when the call returns. One that takes
  /// longer than libFuzzer's time limit is reported by it.
  private static func wait<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let done = DispatchSemaphore(value: 0)
    let box = Box<Value>()
    Task {
      let result: Result<Value, any Error>
      do { result = .success(try await body()) } catch { result = .failure(error) }
      box.outcome.withLock { $0 = result }
      done.signal()
    }
    done.wait()
    guard let result = box.outcome.withLock({ $0 }) else { throw CancellationError() }
    return try result.get()
  }

  private final class Box<Value: Sendable>: Sendable {
    let outcome = Mutex<Result<Value, any Error>?>(nil)
  }
}

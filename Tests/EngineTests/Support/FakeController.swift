import Foundation
import Logging
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

/// Plays the controller with raw sockets over ipc. It has its own thread, so it can block while waiting for the engine.
actor FakeController {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  enum Channel: Int, Sendable {
    case registration, mux, task, control, iopub, ping, pong, broadcast0, broadcast1
  }

  /// The time limit for each wait. Only a fault makes an answer take this long.
  private static let patience = Duration.seconds(20)

  nonisolated let connection: ConnectionInfo
  private let folder: String
  private let context: Context
  private var session: Session
  private let registration: Socket
  private let mux: Socket
  private let task: Socket
  private let control: Socket
  private let iopub: Socket
  private let ping: Socket
  private let pong: Socket
  private let leaf0: Socket
  private let leaf1: Socket
  private var frames = Multipart()
  private var engine = Bytes()

  /// - Parameter former: the connection of an earlier controller whose place this one takes.
  init(key: String = "secret", at former: ConnectionInfo? = nil) throws {
    loop = try EventLoop(name: "test-controller")
    try loop.start()
    folder =
      former.map { String($0.interface.dropFirst("ipc://".count).dropLast("/c".count)) }
      ?? "/tmp/mt-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var connection = ConnectionInfo(kind: .engine, interface: "ipc://\(folder)/c")
    connection.key = key
    connection.ports = [
      .registration: [0], .mux: [1], .task: [2], .control: [3], .iopub: [4], .heartbeatPing: [5], .heartbeatPong: [6],
      .broadcast: [7, 8],
    ]
    self.connection = connection
    let context = try Context()
    self.context = context
    session = try Session(key: key)
    func bound(_ type: SocketType, _ channel: Channel) throws -> Socket {
      var options = SocketOptions()
      // Engines recognize the task scheduler by this identity.
      if channel == .task { options.identity = Bytes("task_out") }
      options.linger = .zero
      options.mandatory = type == .router
      if type == .subscribe { options.subscriptions = [Bytes()] }
      let socket = try Socket(context, type, options: options)
      try socket.bind(ConnectionInfo.endpoint(interface: connection.interface, number: channel.rawValue))
      return socket
    }
    registration = try bound(.router, .registration)
    mux = try bound(.router, .mux)
    task = try bound(.router, .task)
    control = try bound(.router, .control)
    iopub = try bound(.subscribe, .iopub)
    ping = try bound(.publish, .ping)
    pong = try bound(.router, .pong)
    leaf0 = try bound(.router, .broadcast0)
    leaf1 = try bound(.router, .broadcast1)
  }

  /// Ends the thread and removes the socket files.
  func stop() {
    try? FileManager.default.removeItem(atPath: folder)
    loop.stop()
  }

  /// Waits for an engine and accepts it.
  @discardableResult
  func register(
    id: Int = 0, period: Int = 3000, returnAfter: Int? = nil, takesBack: Bool = false, retires: Bool = false
  ) throws -> Message {
    let request = try receive(.registration)
    let content: JSONValue = [
      "status": "ok", "id": .int(id), "hb_period": .int(period),
      "return_after": returnAfter.map { .int($0) } ?? .null, "takes_back": .bool(takesBack), "retires": .bool(retires),
    ]
    try answer(request, .registration, content)
    return request
  }

  /// Waits for an engine and refuses it.
  func refuse(_ reason: String) throws {
    let request = try receive(.registration)
    try answer(request, .registration, ["status": "error", "ename": "RuntimeError", "evalue": .string(reason)])
  }

  /// Waits until the engine knows of this controller's IOPub subscription.
  func waitForIOPub() throws {
    repeat {
      try send(.control, MessageType.kernelInfoRequest)
      _ = try receive(.control)
    } while try !iopub.receive(into: &frames, timeout: .milliseconds(50))
    let id = try send(.control, MessageType.kernelInfoRequest)
    _ = try receive(.control)
    _ = try publications(about: id)
  }

  /// Sends a request to the engine once it is connected.
  @discardableResult
  func send(
    _ channel: Channel, _ type: String, content: JSONValue = [:], metadata: JSONValue = [:], buffers: [Bytes] = []
  ) throws -> String {
    let deadline = ContinuousClock.now + Self.patience
    let id = session.nextMessageID()
    frames.removeAll()
    frames.append(engine)
    frames.append(Bytes("client"))
    session.append(
      to: &frames, type: type, id: id, metadata: metadata.bytes.array, content: content.bytes.array, buffers: buffers)
    while try send(channel) == .unroutable {
      try #require(ContinuousClock.now < deadline, "the engine does not connect to \(channel)")
    }
    return id
  }

  /// Sends a task that calls a function.
  func sendCall(_ function: String) throws -> String {
    try send(.task, MessageType.applyRequest, buffers: ApplyCall.pack(function: function))
  }

  /// Says that the engine has no tasks any more.
  func confirmRetirement(_ request: Message) throws {
    try answer(request, .registration, ["status": "ok"], type: MessageType.retirementReply)
  }

  /// Sends frames that are not a valid message.
  func sendGarbage(_ channel: Channel, _ parts: [Bytes]) throws {
    frames.removeAll()
    frames.append(engine)
    for part in parts { frames.append(part) }
    _ = try send(channel)
  }

  /// Waits for a message from the engine. Its identities form the return route.
  func receive(_ channel: Channel) throws -> Message {
    let came =
      switch channel {
      case .registration: try registration.receive(into: &frames, timeout: Self.patience)
      case .mux: try mux.receive(into: &frames, timeout: Self.patience)
      case .task: try task.receive(into: &frames, timeout: Self.patience)
      case .control: try control.receive(into: &frames, timeout: Self.patience)
      case .broadcast0: try leaf0.receive(into: &frames, timeout: Self.patience)
      case .broadcast1: try leaf1.receive(into: &frames, timeout: Self.patience)
      case .iopub, .ping, .pong: false
      }
    try #require(came, "nothing came on \(channel)")
    let message = try session.take(&frames)
    engine = try #require(message.identities.first)
    return message
  }

  /// Whether an engine sends the hub anything within a time, in which it gets no ping.
  func hearsFromEngine(within time: Duration) throws -> Bool {
    try registration.receive(into: &frames, timeout: time)
  }

  /// Waits for the next IOPub message.
  func publication() throws -> (topic: String, Message) {
    try #require(try iopub.receive(into: &frames, timeout: Self.patience), "nothing came on IOPub")
    let message = try session.take(&frames)
    return (try #require(message.identities.first).string, message)
  }

  /// The topics and contents of a request's IOPub messages, up to its idle status.
  func publications(about id: String) throws -> [(topic: String, content: JSONValue)] {
    var all: [(String, JSONValue)] = []
    while true {
      let (topic, message) = try publication()
      guard try message.parentID() == id else { continue }
      #expect(try message.metadata()["engine"] == .string(engine.string))
      let content = try message.content()
      all.append((topic, content))
      if content["execution_state"] == "idle" { return all }
    }
  }

  /// Pings until the engine answers.
  ///
  /// - Returns: the identity that answered, and the frames of the answer.
  func beat(_ text: String) throws -> (identity: String, frames: [String]) {
    let deadline = ContinuousClock.now + Self.patience
    while ContinuousClock.now < deadline {
      frames.removeAll()
      frames.append(Bytes(text))
      try ping.send(&frames)
      guard try pong.receive(into: &frames, timeout: .milliseconds(20)) else { continue }
      return (frames.text(at: 0), (1..<frames.count).map { frames.text(at: $0) })
    }
    Issue.record("the heart does not answer")
    return ("", [])
  }

  private func answer(
    _ request: Message, _ channel: Channel, _ content: JSONValue, type: String = MessageType.registrationReply
  ) throws {
    frames.removeAll()
    for identity in request.identities { frames.append(identity) }
    session.append(
      to: &frames, type: type, parent: request.headerBytes, content: content.bytes.array)
    _ = try send(channel)
  }

  private func send(_ channel: Channel) throws -> SendResult {
    switch channel {
    case .registration: try registration.send(&frames)
    case .mux: try mux.send(&frames)
    case .task: try task.send(&frames)
    case .control: try control.send(&frames)
    case .broadcast0: try leaf0.send(&frames)
    case .broadcast1: try leaf1.send(&frames)
    case .iopub, .ping, .pong: .unroutable
    }
  }
}

/// Runs an engine with a fake controller for the duration of a closure.
func withEngine(
  id: Int = 0, functions: [any RemoteCallable] = [], capturing descriptors: [CapturedDescriptor] = [],
  returnAfter: Int? = nil, python: PythonConfiguration = .notAllowed,
  _ body: (FakeController) async throws -> Void
) async throws {
  let controller = try FakeController()
  var configuration = EngineConfiguration(connection: controller.connection, uuid: "engine-uuid")
  configuration.captureOutput = !descriptors.isEmpty
  if !descriptors.isEmpty { configuration.capturedDescriptors = descriptors }
  configuration.python = python
  let engine = try Engine(configuration: configuration, functions: functions, logger: .silent)
  let running = Task { try await engine.run() }
  do {
    try await controller.register(id: id, returnAfter: returnAfter)
    try await body(controller)
  } catch {
    running.cancel()
    await controller.stop()
    throw error
  }
  running.cancel()
  try await running.value
  await controller.stop()
}

extension Logger {
  /// A logger that writes nothing.
  static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

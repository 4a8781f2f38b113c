import Foundation
import MartletWire
import MartletZeroMQ

@testable import MartletClient

/// Plays the hub, the schedulers and the engines on its own sockets. The name of the called function determines whether
/// an engine succeeds or misbehaves.
actor FakeCluster {
  nonisolated let loop: EventLoop
  nonisolated let info: ConnectionInfo
  nonisolated let context: Context
  private nonisolated let directory: String
  private var session: Session
  private var boxes: [ConnectionInfo.Channel: Box] = [:]
  private var incoming = Multipart()
  private var engines: [Int: String]
  private var tokens: [ConnectionInfo.Channel: EventLoop.Token] = [:]
  private var instance = "first"
  /// What the hub says about requests; it knows no others.
  private var statuses: [String: JSONValue] = [:]
  private var isHolding = false
  private var answersQueries = true
  /// The messages received on mux, task and broadcast, in order of arrival.
  private(set) var received: [(message: Message, channel: ConnectionInfo.Channel)] = []
  /// The types and contents of the control requests received.
  private(set) var controls: [(type: String, content: JSONValue)] = []
  /// The number of queries received.
  private(set) var queryCount = 0

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  final class Box {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }

  static let channels: [ConnectionInfo.Channel] = [
    .registration, .mux, .task, .control, .broadcast, .notification, .iopub,
  ]

  /// Creates a cluster.
  ///
  /// - Parameters:
  ///   - engines: the initial number of engines.
  ///   - inproc: whether clients share its context. If they do, messages arrive as soon as they are sent.
  ///   - key: signs messages.
  init(engines count: Int = 2, inproc: Bool = false, key: String = "secret") throws {
    loop = try EventLoop(name: "fake-cluster")
    context = try Context()
    engines = Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, "engine-\($0)") })
    try loop.start()
    directory = "/tmp/mf-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    var info = ConnectionInfo(kind: .client, interface: "\(inproc ? "inproc" : "ipc")://\(directory)/c")
    info.key = key
    for (index, channel) in Self.channels.enumerated() { info.ports[channel] = [index + 1] }
    self.info = info
    session = try Session(key: info.key)
  }

  /// Runs a test with a cluster.
  static func with(engines: Int = 2, _ body: (FakeCluster) async throws -> Void) async throws {
    let cluster = try FakeCluster(engines: engines)
    try await cluster.start()
    do {
      try await body(cluster)
    } catch {
      await cluster.stop()
      throw error
    }
    await cluster.stop()
  }

  /// Runs a test with a cluster and a client.
  static func withClient(
    engines: Int = 2, configuration: ClientConfiguration = ClientConfiguration(),
    _ body: (Client, FakeCluster) async throws -> Void
  ) async throws {
    try await with(engines: engines) { cluster in
      let client = try await Client.connect(cluster.info, configuration: configuration)
      do {
        try await body(client, cluster)
      } catch {
        await client.close()
        throw error
      }
      await client.close()
    }
  }

  func start() throws {
    for channel in Self.channels { try open(channel) }
  }

  /// Opens one socket.
  func open(_ channel: ConnectionInfo.Channel) throws {
    let isPublisher = channel == .notification || channel == .iopub
    let box = Box(try Socket(context, isPublisher ? .xpublish : .router))
    try box.socket.bind(try info.endpoint(channel))
    boxes[channel] = box
    if !isPublisher { tokens[channel] = loop.onReadable(box.socket) { self.receive(box, channel) } }
  }

  /// Closes all sockets, as a controller that dies or is cut off.
  func goDown() {
    for channel in Self.channels { close(channel) }
  }

  /// Closes one socket and opens it again, as if its connections alone had broken.
  func cut(_ channel: ConnectionInfo.Channel) throws {
    close(channel)
    try open(channel)
  }

  /// Closes one socket.
  func close(_ channel: ConnectionInfo.Channel) {
    if let token = tokens.removeValue(forKey: channel) { loop.cancel(token) }
    boxes[channel] = nil
  }

  /// Opens the sockets again.
  ///
  /// - Parameters:
  ///   - instance: the name of this run of the controller.
  ///   - statuses: what the hub says about requests: `pending`, or the value of a finished one.
  func comeBack(as instance: String, statuses: [String: JSONValue] = [:]) throws {
    self.instance = instance
    self.statuses = statuses
    try start()
  }

  /// Answers queries again after ``ignoreQueries()``.
  func answerQueries() { answersQueries = true }

  func stop() {
    goDown()
    loop.stop()
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Tells clients that an engine has left.
  func lose(_ id: Int, reason: String? = nil) throws {
    engines[id] = nil
    var content: [String: JSONValue] = ["id": .int(id)]
    if let reason { content["reason"] = .string(reason) }
    try publish(MessageType.unregistrationNotification, .object(content))
  }

  /// Tells clients of a new engine.
  func gain(_ id: Int) throws {
    engines[id] = "engine-\(id)"
    try publish(MessageType.registrationNotification, ["id": .int(id), "uuid": .string("engine-\(id)")])
  }

  /// Adds an engine of which clients are not told.
  func gainSilently(_ id: Int) { engines[id] = "engine-\(id)" }

  /// Tells clients that the controller is shutting down.
  func announceShutdown() throws { try publish(MessageType.shutdownNotification, [:]) }

  /// Leaves calls unanswered from now on, until ``answer(_:with:)``.
  func hold() {
    isHolding = true
    received = []
  }

  /// Answers the held call with this index in ``received``.
  func answer(_ index: Int, with value: PickleValue) {
    let (message, channel) = received[index]
    reply(to: message, on: channel, value)
  }

  /// Fails the held call with this index in ``received``.
  func fail(_ index: Int) {
    let (message, channel) = received[index]
    fail(message, on: channel)
  }

  /// Fails the held call with this index in ``received``: the engine doesn't have a name.
  func miss(_ name: String, _ index: Int, on engine: String) {
    let (message, channel) = received[index]
    reply(
      to: message, on: channel, type: MessageType.applyReply,
      content: [
        "status": "error", "ename": "NameError", "evalue": .string("name '\(name)' is not defined"), "traceback": [],
      ], metadata: metadata(engine))
  }

  /// Leaves queries to the hub unanswered from now on.
  func ignoreQueries() { answersQueries = false }

  private func publish(_ type: String, _ content: JSONValue) throws {
    var message = Multipart()
    message.append(Bytes("topic"))
    session.append(to: &message, type: type, content: content.bytes.array)
    try boxes[.notification]?.socket.send(&message)
  }

  private func receive(_ box: Box, _ channel: ConnectionInfo.Channel) {
    while (try? box.socket.receive(into: &incoming)) == true {
      guard let message = try? session.take(&incoming) else { continue }
      switch channel {
      case .registration: answerQuery(message)
      case .control:
        controls.append((message.header.messageType, (try? message.content()) ?? [:]))
        reply(to: message, on: .control, type: "control_reply", content: ["status": "ok"])
      default:
        received.append((message, channel))
        if !isHolding { run(message, on: channel) }
      }
    }
  }

  private func answerQuery(_ message: Message) {
    queryCount += 1
    guard answersQueries else { return }
    switch message.header.messageType {
    case MessageType.connectionRequest:
      let list = Dictionary(uniqueKeysWithValues: engines.map { ("\($0.key)", JSONValue.string($0.value)) })
      reply(
        to: message, on: .registration, type: MessageType.connectionReply,
        content: ["status": "ok", "engines": .object(list), "instance": .string(instance)])
    case MessageType.resultRequest where (try? message.content())?["allow_unknown"] != nil: answerStatus(message)
    case MessageType.resultRequest where (try? message.content())?["status_only"] == false: answerResults(message)
    case MessageType.resultRequest:
      let ids = (try? message.content())?["msg_ids"] ?? []
      reply(
        to: message, on: .registration, type: "result_reply",
        content: ["status": "ok", "completed": [], "pending": ids])
    default:
      reply(
        to: message, on: .registration, type: MessageType.hubError,
        content: ["status": "error", "ename": "KeyError", "evalue": "no history", "traceback": []])
    }
  }

  private func ids(_ message: Message) -> [String] {
    (try? message.content())?["msg_ids"]?.arrayValue?.compactMap(\.stringValue) ?? []
  }

  private func answerStatus(_ message: Message) {
    let ids = ids(message)
    func list(_ isListed: (JSONValue?) -> Bool) -> JSONValue {
      .array(ids.filter { isListed(statuses[$0]) }.map { .string($0) })
    }
    reply(
      to: message, on: .registration, type: MessageType.resultReply,
      content: [
        "status": "ok", "pending": list { $0 == "pending" }, "completed": list { $0 != nil && $0 != "pending" },
        "unknown": list { $0 == nil },
      ])
  }

  private func answerResults(_ message: Message) {
    var content: [String: JSONValue] = ["status": "ok", "pending": [], "completed": []]
    var buffers: [Bytes] = []
    for id in ids(message).sorted() {
      content[id] = [
        "result_header": ["msg_type": "apply_reply"], "result_metadata": [:], "result_content": ["status": "ok"],
      ]
      buffers += ResultBuffers.serialize(.int(statuses[id]?.intValue ?? 0))
    }
    reply(
      to: message, on: .registration, type: MessageType.resultReply, content: .object(content), buffers: buffers)
  }

  private func run(_ message: Message, on channel: ConnectionInfo.Channel) {
    guard let call = try? ApplyCall.unpack(message.buffers), case .reference(let name) = call.function else {
      return
    }
    switch name {
    case "silent": break
    case "fail": fail(message, on: channel)
    case "twice":
      reply(to: message, on: channel, 1)
      reply(to: message, on: channel, 1)
    case "forged":
      var forged = Multipart()
      for identity in message.identities.prefix(1) { forged.append(identity) }
      for part in ["<IDS|MSG>", "wrong", "{}", message.headerBytes.string, "{}", "{\"status\":\"ok\"}"] {
        forged.append(Bytes(part))
      }
      _ = try? boxes[channel]?.socket.send(&forged)
      reply(to: message, on: channel, 2)
    case "nothing": reply(to: message, on: channel, type: MessageType.applyReply, content: ["no": "status"])
    case BuiltinFunction.map.rawValue: reply(to: message, on: channel, call.args.dropFirst().first ?? .list([]))
    default: reply(to: message, on: channel, call.args.first ?? .none)
    }
  }

  private func fail(_ message: Message, on channel: ConnectionInfo.Channel) {
    reply(
      to: message, on: channel, type: MessageType.applyReply,
      content: ["status": "error", "ename": "ValueError", "evalue": "bad", "traceback": ["a", "b"]],
      metadata: metadata(message.identities.last?.string ?? ""))
  }

  /// Answers a call with a value. On broadcast, replies once per engine or once for all of them.
  private func reply(to message: Message, on channel: ConnectionInfo.Channel, _ value: PickleValue) {
    let content: JSONValue = ["status": "ok"]
    let buffers = ResultBuffers.serialize(value)
    guard channel == .broadcast, let asked = try? message.metadata() else {
      return reply(
        to: message, on: channel, type: MessageType.applyReply, content: content,
        metadata: metadata(channel == .mux ? message.identities.last?.string ?? "" : "engine-0"), buffers: buffers)
    }
    let targets = asked["targets"]?.arrayValue ?? []
    guard asked["is_coalescing"]?.boolValue == true else {
      for target in targets {
        let uuid = target[0]?.stringValue ?? ""
        reply(
          to: message, as: "\(message.header.messageID)_\(uuid)", on: channel, type: MessageType.applyReply,
          content: content, metadata: metadata(uuid), buffers: buffers)
      }
      return
    }
    reply(
      to: message, on: channel, type: MessageType.applyReply, content: content,
      metadata: [
        "is_coalescing": true, "original_msg_id": .string(message.header.messageID),
        "broadcast_targets": .array(targets.reversed()),
      ], buffers: targets.flatMap { _ in buffers })
  }

  private func metadata(_ engine: String) -> JSONValue {
    ["engine": .string(engine), "started": "2026-01-01T00:00:00Z"]
  }

  private func reply(
    to message: Message, as id: String? = nil, on channel: ConnectionInfo.Channel, type: String, content: JSONValue,
    metadata: JSONValue = [:], buffers: [Bytes] = []
  ) {
    var parent = message.headerBytes
    if let id, var header = (try? JSONValue.parse(parent))?.objectValue {
      header["msg_id"] = .string(id)
      parent = JSONValue.object(header).bytes
    }
    var answer = Multipart()
    for identity in message.identities.prefix(1) { answer.append(identity) }
    session.append(
      to: &answer, type: type, parent: parent, metadata: metadata.bytes.array, content: content.bytes.array,
      buffers: buffers)
    _ = try? boxes[channel]?.socket.send(&answer)
  }
}

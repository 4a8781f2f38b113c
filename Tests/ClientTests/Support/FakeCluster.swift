import Foundation
import MartletWire
import MartletZeroMQ

/// Plays hub, schedulers and two engines on sockets of its own, well or badly behaved depending on the function called.
actor FakeCluster {
  nonisolated let loop: EventLoop
  nonisolated let info: ConnectionInfo
  nonisolated let directory: String
  private var session: Session
  private var boxes: [ConnectionInfo.Channel: Box] = [:]
  private var incoming = Multipart()
  private var engines = [0: "engine-0", 1: "engine-1"]
  /// The messages that came on mux, task and broadcast, in order.
  private(set) var received: [Message] = []

  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  final class Box {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }

  static let channels: [ConnectionInfo.Channel] = [
    .registration, .mux, .task, .control, .broadcast, .notification, .iopub,
  ]

  init() throws {
    loop = try EventLoop(name: "fake-cluster")
    try loop.start()
    directory = "/tmp/mf-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    var info = ConnectionInfo(kind: .client, interface: "ipc://\(directory)/c")
    info.key = "secret"
    for (index, channel) in Self.channels.enumerated() { info.ports[channel] = [index + 1] }
    self.info = info
    session = try Session(key: info.key)
  }

  func start() throws {
    let context = try Context()
    for channel in Self.channels {
      let isPublisher = channel == .notification || channel == .iopub
      let box = Box(try Socket(context, isPublisher ? .xpublish : .router))
      try box.socket.bind(try info.endpoint(channel))
      boxes[channel] = box
      if !isPublisher { _ = loop.onReadable(box.socket) { self.receive(box, channel) } }
    }
  }

  func stop() {
    boxes = [:]
    loop.stop()
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Tells clients that an engine is gone.
  func lose(_ id: Int) throws {
    engines[id] = nil
    try publish(MessageType.unregistrationNotification, ["id": .int(id)])
  }

  /// Tells clients of a new engine.
  func gain(_ id: Int) throws {
    engines[id] = "engine-\(id)"
    try publish(MessageType.registrationNotification, ["id": .int(id), "uuid": .string("engine-\(id)")])
  }

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
      case .registration: answerQuery(message, box)
      case .control: reply(to: message, box, type: "abort_reply", content: ["status": "ok"])
      default:
        received.append(message)
        run(message, box, on: channel)
      }
    }
  }

  private func answerQuery(_ message: Message, _ box: Box) {
    switch message.header.messageType {
    case MessageType.connectionRequest:
      let list = Dictionary(uniqueKeysWithValues: engines.map { ("\($0.key)", JSONValue.string($0.value)) })
      reply(to: message, box, type: MessageType.connectionReply, content: ["status": "ok", "engines": .object(list)])
    case MessageType.historyRequest:
      reply(
        to: message, box, type: MessageType.hubError,
        content: ["status": "error", "ename": "KeyError", "evalue": "no history", "traceback": []])
    default: break
    }
  }

  private func run(_ message: Message, _ box: Box, on channel: ConnectionInfo.Channel) {
    guard let call = try? ApplyCall.unpack(message.buffers), case .reference(let name) = call.function else {
      return
    }
    let engine = channel == .mux ? message.identities.last?.string ?? "" : "engine-0"
    let metadata: JSONValue = ["engine": .string(engine), "started": "2026-01-01T00:00:00Z"]
    func answer(_ value: PickleValue) {
      reply(
        to: message, box, type: MessageType.applyReply, content: ["status": "ok"], metadata: metadata,
        buffers: ResultBuffers.serialize(value))
    }
    switch name {
    case "silent": break
    case "fail":
      reply(
        to: message, box, type: MessageType.applyReply,
        content: ["status": "error", "ename": "ValueError", "evalue": "bad", "traceback": ["a", "b"]],
        metadata: metadata)
    case "twice":
      answer(1)
      answer(1)
    case "forged":
      var forged = Multipart()
      for identity in message.identities.prefix(1) { forged.append(identity) }
      for part in ["<IDS|MSG>", "wrong", "{}", message.headerBytes.string, "{}", "{\"status\":\"ok\"}"] {
        forged.append(Bytes(part))
      }
      _ = try? box.socket.send(&forged)
      answer(2)
    case "nothing":
      reply(to: message, box, type: MessageType.applyReply, content: ["no": "status"], metadata: metadata)
    default: answer(call.args.first ?? .none)
    }
  }

  private func reply(
    to message: Message, _ box: Box, type: String, content: JSONValue, metadata: JSONValue = [:], buffers: [Bytes] = []
  ) {
    var answer = Multipart()
    for identity in message.identities.prefix(1) { answer.append(identity) }
    session.append(
      to: &answer, type: type, parent: message.headerBytes, metadata: metadata.bytes.array,
      content: content.bytes.array, buffers: buffers)
    _ = try? box.socket.send(&answer)
  }
}

import Logging
import MartletWire
import MartletZeroMQ

/// The driver of the broadcast schedulers: the client's one message goes to every target under an id of its own, and
/// replies go back one by one or merged.
actor BroadcastScheduler: EventLoopActor, EngineObserver {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let clients: Socket
  private let leaves: [Leaf]
  private let logger: Logger
  private var session: Session
  private var state: BroadcastState<BroadcastMessage>
  private var tokens: [EventLoop.Token] = []
  private var timer = DeadlineTimer()
  private var incoming = Multipart()
  private var outgoing = Multipart()
  private var rejections = RejectionCounts()
  private var undelivered: [BroadcastAction<BroadcastMessage>] = []
  private var retryTimer = RetryTimer()

  private static let batch = 64

  /// A socket that a part of the engines is connected to.
  private final class Leaf {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }

  init(sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, logger: Logger) throws {
    let tree = BroadcastTree(depth: sockets.configuration.broadcastDepth)
    clients = try sockets.router("broadcast_in", mandatory: false)
    try endpoints.bind(clients, .broadcast, .client)
    var leaves: [Leaf] = []
    for index in 0..<tree.leafCount {
      let leaf = Leaf(try sockets.router("broadcast_\(tree.path(ofLeaf: index))", mandatory: true))
      try endpoints.bind(leaf.socket, .broadcast, .engine)
      leaves.append(leaf)
    }
    self.leaves = leaves
    session = try sockets.session()
    state = BroadcastState(tree: tree)
    self.loop = loop
    self.logger = logger
  }

  /// Begins to serve.
  func start() {
    tokens = [onReadable(clients) { $0.readClients() }]
    for index in leaves.indices { tokens.append(onReadable(leaves[index].socket) { $0.readLeaf(index) }) }
  }

  /// Stops serving.
  func stop() {
    for token in tokens { loop.cancel(token) }
    timer.cancel(on: loop)
    retryTimer.cancel(on: loop)
  }

  nonisolated func engineRegistered(_ uuid: String, returnsTasks: Bool) {
    execute {
      $0.state.engineRegistered(EngineIdentity(uuid))
      $0.act()
    }
  }

  nonisolated func engineUnregistered(_ uuid: String) {
    execute {
      for index in $0.leaves.indices { $0.readLeaf(index) }
      $0.state.engineUnregistered(EngineIdentity(uuid), now: .now)
      $0.act()
    }
  }

  // MARK: - Sockets

  private func readClients() {
    drain(
      "broadcast_in", { (scheduler, message) in try scheduler.clients.receive(into: &message) },
      { try $0.submit() })
  }

  private func readLeaf(_ index: Int) {
    drain(
      "broadcast_out", { (scheduler, message) in try scheduler.leaves[index].socket.receive(into: &message) },
      { try $0.finish() })
  }

  private func drain(
    _ name: String, _ receive: (isolated BroadcastScheduler, inout Multipart) throws -> Bool,
    _ handle: (isolated BroadcastScheduler) throws -> Void
  ) {
    var left = Self.batch
    while left > 0 {
      do {
        var message = Multipart()
        swap(&message, &incoming)
        let received = try receive(self, &message)
        swap(&message, &incoming)
        guard received else { break }
        left -= 1
        try handle(self)
      } catch let error as WireError {
        rejections.count(error)
        logger.refused(error, socket: name, count: rejections.total)
      } catch {
        logger.error("the broadcast scheduler failed", metadata: [LogKey.reason: "\(error)"])
        break
      }
    }
    act()
  }

  /// A broadcast as it came in: `[client, <IDS|MSG>, …]`, with the targets `[uuid, id]` in its metadata.
  private func submit() throws {
    let layout = try session.verify(incoming)
    guard layout.delimiter >= 1 else { throw WireError(.malformedFrames, "a broadcast without the client's identity") }
    let message = try BroadcastMessage(request: &incoming, layout: layout)
    state.submitted(
      id: message.header.messageID, payload: message, targets: message.targets, isCoalescing: message.isCoalescing)
  }

  /// A reply as it came in: `[engine, client, <IDS|MSG>, …]`.
  private func finish() throws {
    let layout = try session.verify(incoming)
    guard layout.delimiter >= 2 else { throw WireError(.malformedFrames, "a reply without engine and client") }
    let metadata = try ReplyMetadata(of: incoming, layout)
    let engine = EngineIdentity(incoming.text(at: 0))
    let message = try BroadcastMessage(reply: &incoming, layout: layout)
    state.replyArrived(
      from: engine, originalID: metadata.originalID, reply: message, isError: metadata.outcome != .ok)
  }

  // MARK: - Actions

  private func act() {
    while let action = state.nextAction() {
      perform(action)
      outgoing.removeAll()
    }
    timer.arm(at: state.nextDeadline, of: self) {
      $0.timer.fired()
      $0.state.advance(to: .now)
      $0.act()
    }
  }

  private func perform(_ action: BroadcastAction<BroadcastMessage>) {
    switch action {
    case .dispatch(let message, let originalID, let messageID, let target):
      outgoing.append(Bytes(target.engine.rawValue))
      message.frames.append(0..<message.layout.delimiter, to: &outgoing)
      session.append(
        to: &outgoing, header: message.header(id: messageID), parent: message.frames[message.layout.parentHeader],
        metadata: message.metadata(originalID: originalID, target: target),
        content: message.frames[message.layout.content].array)
      message.frames.append(message.bufferIndices, to: &outgoing)
      let leaf = leaves[state.tree.leaf(ofEngineID: target.id)]
      if (try? leaf.socket.send(&outgoing)) != .sent {
        undelivered.append(action)
        retryTimer.arm(on: loop) { [unowned self] in assumeIsolated { $0.retry() } }
      }
    case .deliver(let reply, _, _):
      reply.frames.append(1..<reply.frames.count, to: &outgoing)
      _ = try? clients.send(&outgoing)
    case .coalesce(let base, let replies, _, let targets):
      base.frames.append(1..<base.layout.delimiter, to: &outgoing)
      var metadata = base.metadata
      metadata["broadcast_targets"] = BroadcastMessage.json(targets)
      session.append(
        to: &outgoing, header: base.frames[base.layout.header].array, parent: base.frames[base.layout.parentHeader],
        metadata: JSONValue.object(metadata).bytes.array, content: base.frames[base.layout.content].array)
      for reply in replies { reply.frames.append(reply.bufferIndices, to: &outgoing) }
      _ = try? clients.send(&outgoing)
    case .engineDied(let message, let messageID, let engine, let targets, let isCoalescing):
      message.frames.append(0..<message.layout.delimiter, to: &outgoing)
      var parts = SchedulerReply.engineDied(engine, taskID: messageID)
      if case .object(var metadata) = parts.metadata {
        metadata["is_broadcast"] = true
        metadata["is_coalescing"] = .bool(isCoalescing)
        metadata["original_msg_id"] = .string(message.header.messageID)
        if isCoalescing { metadata["broadcast_targets"] = BroadcastMessage.json(targets) }
        parts.metadata = .object(metadata)
      }
      session.append(
        to: &outgoing, type: MessageType.applyReply, parent: Bytes(message.header(id: messageID)),
        metadata: parts.metadata.bytes.array, content: parts.content.bytes.array)
      _ = try? clients.send(&outgoing)
    case .reject(_, let id):
      let error = WireError(.replayed, "broadcast \(id) has no targets or is in flight already")
      rejections.count(error)
      logger.refused(error, socket: "broadcast_in", count: rejections.total)
    case .unknownReply(let id, let engine):
      logger.info(
        "a broadcast reply that nothing waits for",
        metadata: [LogKey.messageID: "\(id)", LogKey.engineUUID: "\(engine)"])
    }
  }

  /// Tries again what could not be sent, unless its engine was given up meanwhile.
  private func retry() {
    retryTimer.fired()
    let waiting = undelivered
    undelivered.removeAll()
    for action in waiting {
      guard case .dispatch(_, let id, _, let target) = action, state.isAwaited(id, from: target.engine) else {
        continue
      }
      perform(action)
      outgoing.removeAll()
    }
    act()
  }
}

import Logging
import MartletWire
import MartletZeroMQ

/// The driver of the broadcast schedulers: sends a client's one message to every target under an id of its own, and
/// returns the replies one by one or merged.
actor BroadcastScheduler: SocketDriver, EngineObserver {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  var registrations = LoopRegistrations()

  private let clients: RelaySocket
  /// Each has a share of the engines.
  let leaves: [RelaySocket]
  /// The monitor of each leaf, and the copies of broadcasts that its engines have.
  let connections: [LeafConnections]
  var open: [OpenRequests<String>]
  var probes: Probes
  /// The probes that are due and could not be sent.
  var unsentProbes: [[OpenRequests<String>.Probe]]
  private let logger: Logger
  var session: Session
  var state: BroadcastState<BroadcastMessage>
  var outgoing = Multipart()
  private var strayReplies = LogThrottle()
  /// Copies for engines that are registered but can't be reached yet.
  private var held: [Copy] = []

  /// The copy of a broadcast for one target.
  private struct Copy {
    let message: BroadcastMessage
    let originalID: String
    let id: String
    let target: BroadcastTarget
  }

  /// Watches the connections of a leaf.
  final class LeafConnections {
    let monitor: SocketMonitor
    init(_ monitor: consuming SocketMonitor) { self.monitor = monitor }
  }

  init(sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, logger: Logger) throws {
    let tree = BroadcastTree(depth: sockets.configuration.broadcastDepth)
    clients = try sockets.relayRouter("broadcast_in", mandatory: false, logger: logger)
    try endpoints.bind(clients, .broadcast, .client)
    var leaves: [RelaySocket] = []
    var connections: [LeafConnections] = []
    for index in 0..<tree.leafCount {
      let name = "broadcast_\(tree.path(ofLeaf: index))"
      let leaf = try sockets.relayRouter(name, mandatory: true, logger: logger)
      connections.append(
        LeafConnections(
          try SocketMonitor(
            leaf.socket, context: sockets.context, name: "\(name)-\(Session.randomID())", events: .ofConnections)))
      try endpoints.bind(leaf, .broadcast, .engine, isMonitored: false)
      leaves.append(leaf)
    }
    self.leaves = leaves
    self.connections = connections
    open = leaves.map { _ in OpenRequests() }
    unsentProbes = leaves.map { _ in [] }
    session = try sockets.session()
    probes = Probes(session: session)
    state = BroadcastState(tree: tree, limit: sockets.configuration.queueLimit)
    self.loop = loop
    self.logger = logger
  }

  /// Starts serving.
  func start() {
    serve(clients) { $0.readClients() }
    for leaf in leaves.indices {
      serve(leaves[leaf]) { $0.readLeaf(leaf) }
      serve(connections[leaf].monitor.socket) { $0.connectionsChanged(leaf) }
    }
  }

  /// Stops serving.
  func stop() { stopServing() }

  nonisolated func engineRegistered(_ uuid: String, id: Int, _ abilities: EngineAbilities) {
    execute {
      $0.state.engineRegistered(EngineIdentity(uuid))
      $0.act()
    }
  }

  nonisolated func engineUnregistered(_ uuid: String, _ departure: EngineDeparture) {
    execute {
      // Replies the engine sent before it went may still be in a socket, and they count.
      for leaf in $0.leaves.indices { $0.readLeaf(leaf) }
      $0.state.engineUnregistered(EngineIdentity(uuid), departure, now: .now)
      for leaf in $0.leaves.indices { $0.open[leaf].left(EngineIdentity(uuid)) }
      $0.act()
    }
  }

  // MARK: - Sockets

  private func readClients() {
    clients.drain { (message) throws(WireError) in try submit(&message) }
    act()
  }

  func readLeaf(_ index: Int) {
    leaves[index].drain { (message) throws(WireError) in try finish(&message, leaf: index) }
    act()
  }

  /// Takes a broadcast as it arrived: `[client, <IDS|MSG>, …]`, with the targets `[uuid, id]` in its metadata.
  private func submit(_ message: inout Multipart) throws(WireError) {
    let layout = try session.verify(message, identities: 1)
    let header = try message.header(layout)
    guard !header.messageID.isEmpty else { throw WireError(.malformedJSON, "a broadcast without msg_id") }
    let broadcast: BroadcastMessage
    do throws(WireError) {
      try check(message, layout)
      broadcast = try BroadcastMessage(request: &message, layout: layout)
    } catch {
      refuse(&message, layout, header, error)
      throw error
    }
    state.submitted(
      id: broadcast.header.messageID, payload: broadcast, size: broadcast.frames.totalSize,
      client: broadcast.header.session, targets: broadcast.targets, isCoalescing: broadcast.isCoalescing)
  }

  /// Checks what engines check, with the same limits: ipyparallel's are silent about what they refuse.
  private func check(_ message: borrowing Multipart, _ layout: MessageLayout) throws(WireError) {
    guard message.count < Multipart.frameLimit, layout.delimiter + 1 < MessageLayout.identityLimit else {
      throw WireError(.oversized, "too many frames")
    }
    for frame in layout.header...layout.content { try message.checkText(at: frame) }
    try message.checkObject(at: layout.parentHeader)
    try message.checkObject(at: layout.content)
  }

  /// Takes a reply as it arrived: `[engine, client, <IDS|MSG>, …]`.
  private func finish(_ message: inout Multipart, leaf: Int) throws(WireError) {
    let layout = try session.verify(message, identities: 2)
    let metadata = try ReplyMetadata(of: message, layout)
    let engine = EngineIdentity(message.text(at: 0))
    guard !probes.isAnswer(message, at: 1) else {
      if metadata.outcome.answersProbe, let id = try message.parentID(layout) {
        takeProbeAnswer(id, from: engine, leaf: leaf)
      }
      return
    }
    open[leaf].answered(BroadcastTree.messageID(original: metadata.originalID, target: engine), by: engine)
    let reply = try BroadcastMessage(reply: &message, layout: layout)
    state.replyArrived(
      from: engine, originalID: metadata.originalID, reply: reply, size: reply.frames.totalSize,
      isError: metadata.outcome != .ok)
  }

  // MARK: - Actions

  func act() {
    while let action = state.nextAction() { perform(action) }
    var deadline = state.nextDeadline
    for requests in open { deadline = earlier(deadline, requests.nextDeadline) }
    wake(at: deadline) {
      $0.state.advance(to: .now)
      $0.lookAtEngines()
      $0.act()
    }
  }

  private func perform(_ action: BroadcastAction<BroadcastMessage>) {
    switch action {
    case .dispatch(let message, let originalID, let id, let target):
      dispatch(Copy(message: message, originalID: originalID, id: id, target: target))
    case .deliver(let reply, _, _):
      reply.frames.append(1..<reply.frames.count, to: &outgoing)
      sendToClient()
    case .coalesce(let base, let replies, _, let targets): merge(replies, into: base, targets)
    case .fail(let message, let id, let reason, let targets, let isCoalescing):
      answer(message, id, SchedulerReply.failure(reason, taskID: id), targets: isCoalescing ? targets : nil)
    case .refuse(let message, let id, let targets, let isCoalescing, let excess):
      let ids = isCoalescing ? [id] : targets.map { BroadcastTree.messageID(original: id, target: $0.engine) }
      for id in ids {
        let parts = SchedulerReply.failure(.queueFull(excess), taskID: id)
        answer(message, id, parts, targets: isCoalescing ? targets : nil)
      }
    case .duplicate(_, let id): clients.refuse(WireError(.replayed, "broadcast \(id) is in flight already"))
    case .refuseEmpty(let message, let id):
      let error = WireError(.malformedJSON, "it has no targets")
      clients.refuse(error)
      answer(message, id, SchedulerReply.refused(error, taskID: id), targets: nil)
    case .unknownReply(let id, let engine):
      strayReplies.log(
        .info, "a reply to no outstanding broadcast", to: logger,
        metadata: [LogKey.messageID: "\(id)", LogKey.engineUUID: "\(engine)"])
    }
  }

  /// Sends a copy to its target, or holds it while the engine can't be reached: an engine may register before its
  /// connection to this socket is up.
  private func dispatch(_ copy: Copy) {
    let (message, target) = (copy.message, copy.target)
    outgoing.append(Bytes(target.engine.rawValue))
    message.frames.append(0..<message.layout.delimiter, to: &outgoing)
    session.append(
      to: &outgoing, header: message.header(id: copy.id), parent: message.frames[message.layout.parentHeader],
      metadata: message.metadata(originalID: copy.originalID, target: target),
      content: message.frames[message.layout.content].array)
    message.frames.append(message.bufferIndices, to: &outgoing)
    let leaf = state.tree.leaf(ofEngineID: target.id)
    guard leaves[leaf].send(&outgoing) != .sent else {
      return open[leaf].sent(copy.id, to: target.engine, copy.originalID, now: .now)
    }
    outgoing.removeAll()
    held.append(copy)
    retrySoon(for: target.engine) { $0.retry() }
  }

  /// Tries the held copies again, unless their engines were given up meanwhile.
  func retry() {
    let waiting = held
    held = []
    for copy in waiting where state.isAwaited(copy.originalID, from: copy.target.engine) { dispatch(copy) }
    sendProbes()
    act()
  }

  func sendToClient() {
    clients.send(&outgoing)
    outgoing.removeAll()
  }
}

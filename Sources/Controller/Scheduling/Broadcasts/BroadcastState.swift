/// The broadcast schedulers without their sockets: one state machine with the ids, replies and orders of ipyparallel's
/// whole tree.
///
/// The original never answers for an engine that died or is unknown; this one answers with an EngineError. If engines
/// report errors, a coalesced reply is based on the first such reply in target order; the original takes whichever came
/// last, and so may lose the error.
struct BroadcastState<Payload> {
  typealias Action = BroadcastAction<Payload>

  fileprivate struct Reply {
    var payload: Payload
    var isError: Bool
  }

  fileprivate struct Broadcast {
    var payload: Payload
    var targets: [BroadcastTarget]
    var replies: [EngineIdentity: Reply] = [:]
    /// The engines that have not replied.
    var open: Set<EngineIdentity>
    var isCoalescing: Bool
    let client: String
    /// What the broadcast and the replies kept for merging count for.
    var usage: QueueLimit.Usage
  }

  /// The tree whose behaviour is reproduced.
  let tree: BroadcastTree
  private let limit: QueueLimit
  private var actions = WorkQueue<Action>()
  private var broadcasts: [String: Broadcast] = [:]
  /// The broadcasts that wait for each engine that is registered, or whose grace period is not over.
  private var awaited: [EngineIdentity: Set<String>] = [:]
  private var registered: Set<EngineIdentity> = []
  /// What all broadcasts count for, and those of each client.
  private(set) var usage = QueueLimit.Usage()
  private var clients: [String: QueueLimit.Usage] = [:]
  /// The engines whose grace periods run, in the order in which these end.
  private var leaving: [(deadline: Instant, engine: EngineIdentity, departure: EngineDeparture)] = []

  /// A scheduler without engines.
  init(tree: BroadcastTree = .init(), limit: QueueLimit = .init()) {
    self.tree = tree
    self.limit = limit
  }

  /// How many broadcasts have replies outstanding.
  var pendingCount: Int { broadcasts.count }

  /// Whether a broadcast waits for the reply of an engine.
  func isAwaited(_ id: String, from engine: EngineIdentity) -> Bool {
    broadcasts[id]?.open.contains(engine) ?? false
  }

  /// When ``advance(to:)`` is due next.
  var nextDeadline: Instant? { leaving.first?.deadline }

  /// The next thing to do; `nil` when there is nothing left to do about the events so far.
  mutating func nextAction() -> Action? { actions.popFirst() }

  /// An engine registered. If it had left, the replies still awaited from its former registration are given up.
  mutating func engineRegistered(_ engine: EngineIdentity) {
    guard registered.insert(engine).inserted else { return }
    let departure = leaving.first { $0.engine == engine }?.departure
    leaving.removeAll { $0.engine == engine }
    giveUp(engine, departure)
  }

  /// An engine is gone; its outstanding replies are awaited for the grace period.
  mutating func engineUnregistered(
    _ engine: EngineIdentity, _ departure: EngineDeparture = .left, now: Instant
  ) {
    guard registered.remove(engine) != nil, awaited[engine] != nil else { return }
    let deadline = now + departure.grace
    let place = leaving.lastIndex { $0.deadline <= deadline }.map { $0 + 1 } ?? 0
    leaving.insert((deadline, engine, departure), at: place)
  }

  /// Time has passed: engines that have been gone for the grace period are given up.
  mutating func advance(to now: Instant) {
    while let next = leaving.first, next.deadline <= now {
      leaving.removeFirst()
      giveUp(next.engine, next.departure)
    }
  }

  /// A client submitted a broadcast: one dispatch for each registered target, an error for each of the others.
  ///
  /// - Parameters:
  ///   - size: the bytes of the message, which all targets share.
  ///   - client: the session it comes from. Each target counts as one of its tasks.
  mutating func submitted(
    id: String, payload: Payload, size: Int = 0, client: String = "", targets: [BroadcastTarget], isCoalescing: Bool
  ) {
    let ordered = tree.ordered(targets)
    guard broadcasts[id] == nil else {
      actions.append(.duplicate(payload, originalID: id))
      return
    }
    guard !ordered.isEmpty else {
      actions.append(.refuseEmpty(payload, originalID: id))
      return
    }
    let excess = limit.excess(adding: size, tasks: ordered.count, client: clients[client] ?? .init(), total: usage)
    if let excess {
      actions.append(.refuse(payload, originalID: id, targets: ordered, isCoalescing: isCoalescing, excess))
      return
    }
    broadcasts[id] = Broadcast(
      payload: payload, targets: ordered, open: Set(ordered.map(\.engine)), isCoalescing: isCoalescing, client: client,
      usage: .init())
    count(id, bytes: size, tasks: ordered.count)
    for target in ordered where registered.contains(target.engine) {
      awaited[target.engine, default: []].insert(id)
      let messageID = BroadcastTree.messageID(original: id, target: target.engine)
      actions.append(.dispatch(payload, originalID: id, messageID: messageID, target: target))
    }
    for target in ordered where !registered.contains(target.engine) {
      lose(target.engine, "it is not registered", in: id)
    }
  }

  /// An engine replied. `originalID` is the reply's metadata `original_msg_id`.
  mutating func replyArrived(
    from engine: EngineIdentity, originalID: String, reply: Payload, size: Int = 0, isError: Bool
  ) {
    let messageID = BroadcastTree.messageID(original: originalID, target: engine)
    guard broadcasts[originalID]?.open.remove(engine) != nil else {
      actions.append(.unknownReply(messageID: messageID, engine: engine))
      return
    }
    stopAwaiting(engine, originalID)
    if broadcasts[originalID]?.isCoalescing == true {
      broadcasts[originalID]?.replies[engine] = Reply(payload: reply, isError: isError)
      count(originalID, bytes: size, tasks: 0)
    } else {
      actions.append(.deliver(reply, messageID: messageID, engine: engine))
    }
    completeIfDone(originalID)
  }

  /// An engine has answered a later request than its copy of a broadcast: it refused the copy, or copy or reply are lost.
  mutating func replyLost(from engine: EngineIdentity, originalID: String) {
    stopAwaiting(engine, originalID)
    fail(engine, in: originalID) { .unanswered(engine, id: $0) }
  }

  private mutating func giveUp(_ engine: EngineIdentity, _ departure: EngineDeparture?) {
    for id in awaited.removeValue(forKey: engine)?.sorted() ?? [] { lose(engine, departure?.text, in: id) }
    awaited.shrinkIfSparse()
  }

  private mutating func lose(_ engine: EngineIdentity, _ reason: String?, in id: String) {
    fail(engine, in: id) { .engineLost(EngineLoss(engine: engine, id: $0, reason: reason)) }
  }

  /// Answers in place of an engine that never will; this ends a coalescing broadcast.
  ///
  /// - Parameter reason: makes the reason of the engine's integer id.
  private mutating func fail(
    _ engine: EngineIdentity, in id: String, _ reason: (_ engineID: Int?) -> TaskFailureReason
  ) {
    guard let broadcast = broadcasts[id], broadcast.open.contains(engine) else { return }
    let messageID = broadcast.isCoalescing ? id : BroadcastTree.messageID(original: id, target: engine)
    actions.append(
      .fail(
        broadcast.payload, messageID: messageID, reason(broadcast.targets.first { $0.engine == engine }?.id),
        targets: broadcast.isCoalescing ? broadcast.targets : [], isCoalescing: broadcast.isCoalescing))
    if broadcast.isCoalescing {
      for other in broadcast.open { stopAwaiting(other, id) }
      remove(id)
    } else {
      broadcasts[id]?.open.remove(engine)
      completeIfDone(id)
    }
  }

  private mutating func stopAwaiting(_ engine: EngineIdentity, _ id: String) {
    awaited[engine]?.remove(id)
    if awaited[engine]?.isEmpty == true { awaited[engine] = nil }
  }

  private mutating func remove(_ id: String) {
    guard let broadcast = broadcasts.removeValue(forKey: id) else { return }
    broadcasts.shrinkIfSparse()
    let held = broadcast.usage
    usage.remove(bytes: held.bytes, tasks: held.tasks)
    clients[broadcast.client]?.remove(bytes: held.bytes, tasks: held.tasks)
    if clients[broadcast.client]?.tasks == 0 { clients[broadcast.client] = nil }
    clients.shrinkIfSparse()
  }

  /// Adds what a broadcast counts for.
  private mutating func count(_ id: String, bytes: Int, tasks: Int) {
    guard let client = broadcasts[id]?.client else { return }
    broadcasts[id]?.usage.add(bytes: bytes, tasks: tasks)
    clients[client, default: .init()].add(bytes: bytes, tasks: tasks)
    usage.add(bytes: bytes, tasks: tasks)
  }

  private mutating func completeIfDone(_ id: String) {
    guard let broadcast = broadcasts[id], broadcast.open.isEmpty else { return }
    remove(id)
    guard broadcast.isCoalescing else { return }
    let replies = broadcast.targets.compactMap { broadcast.replies[$0.engine] }
    guard let base = replies.first(where: \.isError) ?? replies.last else { return }
    actions.append(
      .coalesce(
        base: base.payload, replies: replies.map(\.payload), originalID: id, targets: broadcast.targets))
  }
}

extension BroadcastState: Sendable where Payload: Sendable {}
extension BroadcastState.Reply: Sendable where Payload: Sendable {}
extension BroadcastState.Broadcast: Sendable where Payload: Sendable {}

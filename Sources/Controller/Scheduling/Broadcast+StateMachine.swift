import DequeModule

/// What the driver of a ``BroadcastState`` is to do.
public enum BroadcastAction<Payload> {
  /// Send the message to a target under `messageID`, with `original_msg_id` in its metadata.
  case dispatch(Payload, originalID: String, messageID: String, target: BroadcastTarget)
  /// Relay one engine's reply to the client as it is.
  case deliver(Payload, messageID: String, engine: EngineIdentity)
  /// Answer the client once: `base` gives header, metadata and content, `replies` the buffers one after the other, and
  /// `targets` the metadata `broadcast_targets`.
  case coalesce(base: Payload, replies: [Payload], originalID: String, targets: [BroadcastTarget])
  /// Answer with an EngineError naming the engine: for one target's `messageID`, or, coalescing, for the whole, in
  /// which case `messageID` is the original one and `targets` goes to `broadcast_targets`.
  case engineDied(Payload, messageID: String, engine: EngineIdentity, targets: [BroadcastTarget], isCoalescing: Bool)
  /// Refuse a broadcast whose id is still in flight, or that has no targets and would never be answered.
  case reject(Payload, originalID: String)
  /// Count a reply that nothing waits for; it is dropped.
  case unknownReply(messageID: String, engine: EngineIdentity)
}

extension BroadcastAction: Sendable where Payload: Sendable {}
extension BroadcastAction: Equatable where Payload: Equatable {}

/// The broadcast schedulers without their sockets: one machine that shows the ids, replies and orders of ipyparallel's
/// whole tree.
///
/// Where the original waits for ever, for an engine that died or never was, ours answers with an EngineError. A
/// coalesced reply in which an engine reports an error is based on the first such reply in target order, where the
/// original takes whichever came last and so may lose the error.
public struct BroadcastState<Payload> {
  /// What the driver is to do.
  public typealias Action = BroadcastAction<Payload>

  fileprivate struct Reply {
    var payload: Payload
    var isError: Bool
  }

  fileprivate struct Broadcast {
    var payload: Payload
    var targets: [BroadcastTarget]
    var replies: [EngineIdentity: Reply] = [:]
    /// The engines that have not answered.
    var open: Set<EngineIdentity>
    var isCoalescing: Bool
  }

  /// The tree whose behaviour is shown.
  public let tree: BroadcastTree
  private let grace: Duration
  private var actions = Deque<Action>()
  private var broadcasts: [String: Broadcast] = [:]
  /// The broadcasts that wait for each registered engine, or each that is gone within the grace period.
  private var awaited: [EngineIdentity: Set<String>] = [:]
  private var registered: Set<EngineIdentity> = []
  private var leaving = Deque<(deadline: ContinuousClock.Instant, engine: EngineIdentity)>()

  /// A scheduler without engines. Results of an unregistered engine are awaited for `grace`.
  public init(tree: BroadcastTree = .init(), grace: Duration = .seconds(5)) {
    self.tree = tree
    self.grace = grace
  }

  /// How many broadcasts have replies outstanding.
  public var pendingCount: Int { broadcasts.count }

  /// Whether a broadcast waits for the answer of an engine.
  public func isAwaited(_ id: String, from engine: EngineIdentity) -> Bool {
    broadcasts[id]?.open.contains(engine) ?? false
  }

  /// When ``advance(to:)`` is due next.
  public var nextDeadline: ContinuousClock.Instant? { leaving.first?.deadline }

  /// The next thing to do, or nil when all is done.
  public mutating func nextAction() -> Action? {
    actions.popFirst()
  }

  /// An engine registered. If it had left, what is awaited of its former life is given up.
  public mutating func engineRegistered(_ engine: EngineIdentity) {
    guard registered.insert(engine).inserted else { return }
    leaving.removeAll { $0.engine == engine }
    giveUp(engine)
  }

  /// An engine is gone; its outstanding replies are awaited for the grace period.
  public mutating func engineUnregistered(_ engine: EngineIdentity, now: ContinuousClock.Instant) {
    guard registered.remove(engine) != nil, awaited[engine] != nil else { return }
    leaving.append((now + grace, engine))
  }

  /// Time has passed: engines gone for the grace period are given up.
  public mutating func advance(to now: ContinuousClock.Instant) {
    while let (deadline, engine) = leaving.first, deadline <= now {
      leaving.removeFirst()
      giveUp(engine)
    }
  }

  /// A client sent a broadcast: one dispatch for each registered target, an error for each of the others.
  public mutating func submitted(id: String, payload: Payload, targets: [BroadcastTarget], isCoalescing: Bool) {
    let ordered = tree.ordered(targets)
    guard broadcasts[id] == nil, !ordered.isEmpty else {
      actions.append(.reject(payload, originalID: id))
      return
    }
    broadcasts[id] = Broadcast(
      payload: payload, targets: ordered, open: Set(ordered.map(\.engine)), isCoalescing: isCoalescing)
    for target in ordered where registered.contains(target.engine) {
      awaited[target.engine, default: []].insert(id)
      let messageID = BroadcastTree.messageID(original: id, target: target.engine)
      actions.append(.dispatch(payload, originalID: id, messageID: messageID, target: target))
    }
    for target in ordered where !registered.contains(target.engine) { lose(target.engine, in: id) }
  }

  /// An engine answered. `originalID` is the reply's metadata `original_msg_id`.
  public mutating func replyArrived(from engine: EngineIdentity, originalID: String, reply: Payload, isError: Bool) {
    let messageID = BroadcastTree.messageID(original: originalID, target: engine)
    guard broadcasts[originalID]?.open.remove(engine) != nil else {
      actions.append(.unknownReply(messageID: messageID, engine: engine))
      return
    }
    stopAwaiting(engine, originalID)
    if broadcasts[originalID]?.isCoalescing == true {
      broadcasts[originalID]?.replies[engine] = Reply(payload: reply, isError: isError)
    } else {
      actions.append(.deliver(reply, messageID: messageID, engine: engine))
    }
    completeIfDone(originalID)
  }

  private mutating func giveUp(_ engine: EngineIdentity) {
    for id in awaited.removeValue(forKey: engine)?.sorted() ?? [] { lose(engine, in: id) }
  }

  /// Answers for an engine that never will; a coalescing broadcast is over with it.
  private mutating func lose(_ engine: EngineIdentity, in id: String) {
    guard let broadcast = broadcasts[id], broadcast.open.contains(engine) else { return }
    let messageID = broadcast.isCoalescing ? id : BroadcastTree.messageID(original: id, target: engine)
    let targets = broadcast.isCoalescing ? broadcast.targets : []
    actions.append(
      .engineDied(
        broadcast.payload, messageID: messageID, engine: engine, targets: targets, isCoalescing: broadcast.isCoalescing)
    )
    if broadcast.isCoalescing {
      for other in broadcast.open { stopAwaiting(other, id) }
      broadcasts[id] = nil
    } else {
      broadcasts[id]?.open.remove(engine)
      completeIfDone(id)
    }
  }

  private mutating func stopAwaiting(_ engine: EngineIdentity, _ id: String) {
    awaited[engine]?.remove(id)
    if awaited[engine]?.isEmpty == true { awaited[engine] = nil }
  }

  private mutating func completeIfDone(_ id: String) {
    guard let broadcast = broadcasts[id], broadcast.open.isEmpty else { return }
    broadcasts[id] = nil
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

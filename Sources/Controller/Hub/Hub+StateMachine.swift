import Collections
import Wire
import ZeroMQ

/// The hub without its sockets: registration, records of what passed, and answers to queries.
///
/// Semantics are those of ipyparallel 9.2's `controller/hub.py`; it differs where the original grows for ever: ids of
/// finished tasks are remembered up to a bound, and what is known of a dead engine goes with its stranded messages.
struct HubState {
  /// The options of a hub.
  struct Configuration {
    /// How long an accepted engine may take to its first heartbeat, and how long the messages of a dead engine may
    /// still be answered. ipyparallel's default: ten heartbeat periods, at least 30 s.
    var registrationTimeout: Duration
    /// The heartbeat period engines are told, in milliseconds.
    var heartbeatPeriod: Int
    /// What stands in the engines' connection file.
    var engineInfo: JSONValue = [:]
  }

  var configuration: Configuration
  let store: any TaskStore
  var engines = EngineTable()
  var actions = Deque<HubAction>()
  /// Requests that were not answered yet.
  var pending: Set<String> = []
  /// Tasks that no engine has yet.
  var unassigned = PendingIDs()
  /// Ids of requests answered lately, for stores that don't keep them.
  var completed = RecentIDs(limit: 65_536)
  private var expectedStops = RecentIDs(limit: 1024)
  private var stalls = Deque<(deadline: ContinuousClock.Instant, engine: EngineTable.Engine)>()
  private var strandings = Deque<(deadline: ContinuousClock.Instant, engine: EngineTable.Engine)>()
  private var shutDownAt: ContinuousClock.Instant?

  init(configuration: Configuration, store: any TaskStore) {
    self.configuration = configuration
    self.store = store
  }

  /// The next thing to do, or nil when all that the events so far asked for is done.
  mutating func nextAction() -> HubAction? { actions.popFirst() }

  /// When ``advance(to:)`` has something to do.
  var nextDeadline: ContinuousClock.Instant? {
    [stalls.first?.deadline, strandings.first?.deadline, shutDownAt].compactMap(\.self).min()
  }

  /// Time has passed.
  mutating func advance(to now: ContinuousClock.Instant) {
    while let stall = stalls.first, stall.deadline <= now {
      stalls.removeFirst()
      // The uuid may have been registered anew since, under another id.
      guard engines.incoming[stall.engine.uuid]?.id == stall.engine.id else { continue }
      _ = engines.cancel(uuid: stall.engine.uuid)
      actions.append(.log(.registrationStalled(id: stall.engine.id, uuid: stall.engine.uuid)))
    }
    while let stranding = strandings.first, stranding.deadline <= now {
      strandings.removeFirst()
      endStranded(stranding.engine)
    }
    if let deadline = shutDownAt, deadline <= now {
      shutDownAt = nil
      actions.append(.shutDown)
    }
  }

  // MARK: - Registration

  /// An engine asks to be registered: `{uuid, id?}`.
  mutating func register(_ request: Message, _ content: JSONValue, now: ContinuousClock.Instant) throws(HubError) {
    guard let uuid = content["uuid"]?.stringValue, !uuid.isEmpty, uuid.utf8.count <= 255 else {
      throw .value("a registration_request needs a uuid of 1 to 255 bytes")
    }
    let engine: EngineTable.Engine
    do {
      engine = try engines.accept(uuid: uuid, requestedID: content["id"]?.intValue)
    } catch {
      actions.append(.log(.registrationRefused(uuid: uuid, reason: error.evalue)))
      reply(request, MessageType.registrationReply, error.content)
      return
    }
    stalls.append((now + configuration.registrationTimeout, engine))
    reply(
      request, MessageType.registrationReply,
      [
        "status": "ok", "id": .int(engine.id), "hb_period": .int(configuration.heartbeatPeriod),
        "connection_info": configuration.engineInfo,
      ])
  }

  /// An engine's heart began to beat: the registration is complete.
  mutating func heartStarted(_ uuid: String) {
    guard let engine = engines.finish(uuid: uuid) else { return }
    announce(engine)
    actions.append(.saveEngines)
  }

  /// An engine's heart stopped.
  mutating func heartStopped(_ uuid: String, now: ContinuousClock.Instant) {
    guard let id = engines.idsByUUID[uuid] else {
      actions.append(.log(.lateHeart(uuid: uuid, isExpected: expectedStops.contains(uuid))))
      return
    }
    unregister(id, now: now)
  }

  /// An engine leaves: of its own accord, because its heart stopped or because it was shut down.
  mutating func unregister(_ id: Int, now: ContinuousClock.Instant) {
    guard let engine = engines.remove(id) else {
      if let waiting = engines.incoming.values.first(where: { $0.id == id }) { _ = engines.cancel(uuid: waiting.uuid) }
      return
    }
    expectedStops.insert(engine.uuid)
    strandings.append((now + configuration.registrationTimeout, engine))
    actions.append(.log(.engineUnregistered(id: id, uuid: engine.uuid)))
    actions.append(.engineUnregistered(uuid: engine.uuid))
    actions.append(.saveEngines)
    actions.append(
      .notify(
        type: MessageType.unregistrationNotification, parent: nil,
        content: ["id": .int(id), "uuid": .string(engine.uuid)]))
  }

  /// Takes over the engines of a controller that ran before.
  mutating func restore(_ table: JSONValue) {
    for engine in engines.restore(table) { announce(engine) }
  }

  private mutating func announce(_ engine: EngineTable.Engine) {
    actions.append(.engineRegistered(uuid: engine.uuid))
    actions.append(.log(.engineRegistered(id: engine.id, uuid: engine.uuid)))
    actions.append(
      .notify(
        type: MessageType.registrationNotification, parent: nil,
        content: ["id": .int(engine.id), "uuid": .string(engine.uuid)]))
  }

  /// Ends the records of what a dead engine never answered.
  private mutating func endStranded(_ engine: EngineTable.Engine) {
    guard let work = engines.forget(engine.id) else { return }
    for id in work.queue.ids {
      guard pending.remove(id) != nil else { continue }
      completed.insert(id)
      let content = ErrorContent.json(
        ename: "EngineError", evalue: "Engine \(engine.id) died while running task '\(id)'")
      let now = Timestamp.now
      var update = TaskRecordUpdate()
      update.resultContent = content.bytes
      update.resultHeader = JSONValue.object(["engine": .string(engine.uuid), "date": .string(now.text)]).bytes
      update.resultBuffers = []
      update.completed = now
      update.engineUUID = engine.uuid
      save(id, update)
    }
  }

  // MARK: - Shared

  /// Ends the controller a moment from now, so that the answers get out.
  mutating func beginShutDown(now: ContinuousClock.Instant) { shutDownAt = now + .milliseconds(200) }

  mutating func reply(_ request: Message, _ type: String, _ content: JSONValue, buffers: [Bytes] = []) {
    actions.append(
      .reply(
        to: Array(request.identities.prefix(1)), type: type, parent: request.headerBytes, content: content,
        buffers: buffers))
  }

  mutating func save(_ id: String, _ update: TaskRecordUpdate) {
    do {
      try store.update(id, update)
    } catch {
      storeFailed(id, error)
    }
  }

  mutating func storeFailed(_ id: String, _ error: TaskStoreError) {
    // A record may have been culled or purged while its task ran; that is no failure.
    if error.code == .notFound || error.code == .noData { return }
    actions.append(.log(.storeFailed(messageID: id, reason: error.message)))
  }
}

/// The latest ids of some kind, up to a bound.
struct RecentIDs {
  private var members: Set<String> = []
  private var order = Deque<String>()
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  mutating func insert(_ id: String) {
    guard members.insert(id).inserted else { return }
    order.append(id)
    if order.count > limit { members.remove(order.removeFirst()) }
  }

  func contains(_ id: String) -> Bool { members.contains(id) }
}

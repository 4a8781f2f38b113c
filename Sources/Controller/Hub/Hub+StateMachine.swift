import Collections
import DequeModule
import MartletWire
import MartletZeroMQ

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
    /// After how many milliseconds behind the same task engines are to return others; nil for never.
    var returnAfter: Int?
    /// What stands in the engines' connection file.
    var engineInfo: JSONValue = [:]
  }

  var configuration: Configuration
  let store: any TaskStore
  var engines = EngineTable()
  var actions = Deque<HubAction>()
  /// The requests that were not answered yet, and those answered lately, for stores that don't keep them.
  var requests = RequestLedger()
  private var expectedStops = RecentIDs(limit: 1024)
  private var stalls = Deque<(deadline: ContinuousClock.Instant, uuid: String)>()
  private var strandings = Deque<Stranding>()
  private var shutDownAt: ContinuousClock.Instant?
  private var flushAt: ContinuousClock.Instant?

  /// A store that gathers changes writes them out at least this often.
  static let flushInterval = Duration.seconds(2)

  /// What an engine that is gone has not answered, and until when that is waited for.
  private struct Stranding {
    let left: ContinuousClock.Instant
    let deadline: ContinuousClock.Instant
    let engine: EngineTable.Engine
    /// The requests sent to it directly; its tasks are the scheduler's business.
    let queue: [String]
  }

  init(configuration: Configuration, store: any TaskStore) {
    self.configuration = configuration
    self.store = store
  }

  /// The next thing to do, or nil when all that the events so far asked for is done.
  mutating func nextAction() -> HubAction? { actions.popFirst() }

  /// When ``advance(to:)`` has something to do.
  var nextDeadline: ContinuousClock.Instant? {
    [stalls.first?.deadline, strandings.first?.deadline, shutDownAt, flushAt].compactMap(\.self).min()
  }

  /// Time has passed.
  mutating func advance(to now: ContinuousClock.Instant) {
    while let stall = stalls.first, stall.deadline <= now {
      stalls.removeFirst()
      if let engine = engines.cancel(uuid: stall.uuid, dueBy: now) {
        actions.append(.log(.registrationStalled(id: engine.id, uuid: engine.uuid)))
      }
    }
    while let stranding = strandings.first, stranding.deadline <= now {
      strandings.removeFirst()
      endStranded(stranding)
    }
    if let deadline = shutDownAt, deadline <= now {
      shutDownAt = nil
      actions.append(.shutDown)
    }
    if let deadline = flushAt, deadline <= now {
      scheduleFlush(now: now)
      do {
        try store.flush()
      } catch {
        actions.append(.log(.flushFailed(reason: error.message)))
      }
    }
  }

  /// Has the store write out what it gathers, from now on every so often.
  mutating func scheduleFlush(now: ContinuousClock.Instant) { flushAt = now + Self.flushInterval }

  // MARK: - Registration

  /// An engine asks to be registered: `{uuid, id?, returns_tasks?}`.
  mutating func register(_ request: Message, _ content: JSONValue, now: ContinuousClock.Instant) throws(HubError) {
    guard let uuid = content["uuid"]?.stringValue, EngineTable.isUUID(uuid) else {
      throw .value("a registration_request needs a uuid of 1 to 255 bytes")
    }
    let deadline = now + configuration.registrationTimeout
    let returnAfter = content["returns_tasks"]?.boolValue ?? false ? configuration.returnAfter : nil
    let engine: EngineTable.Engine
    do {
      engine = try engines.accept(
        uuid: uuid, requestedID: content["id"]?.intValue, returnsTasks: returnAfter != nil, deadline: deadline)
    } catch {
      actions.append(.log(.registrationRefused(uuid: uuid, reason: error.evalue)))
      reply(request, MessageType.registrationReply, error.content)
      return
    }
    stalls.append((deadline, uuid))
    actions.append(.awaitHeart(uuid: uuid))
    var answer: [String: JSONValue] = [
      "status": "ok", "id": .int(engine.id), "hb_period": .int(configuration.heartbeatPeriod),
      "connection_info": configuration.engineInfo,
    ]
    if let returnAfter { answer["return_after"] = .int(returnAfter) }
    reply(request, MessageType.registrationReply, .object(answer))
  }

  /// An engine's heart began to beat: the registration is complete.
  mutating func heartStarted(_ uuid: String, now: ContinuousClock.Instant) {
    guard let engine = engines.finish(uuid: uuid, now: now) else { return }
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
    guard let (engine, work) = engines.remove(id) else {
      if let waiting = engines.incoming.values.first(where: { $0.id == id }) { _ = engines.cancel(uuid: waiting.uuid) }
      return
    }
    expectedStops.insert(engine.uuid)
    strandings.append(
      Stranding(
        left: now, deadline: now + configuration.registrationTimeout, engine: engine, queue: requests.release(work)))
    actions.append(.log(.engineUnregistered(id: id, uuid: engine.uuid)))
    actions.append(.engineUnregistered(uuid: engine.uuid))
    actions.append(.saveEngines)
    notify(MessageType.unregistrationNotification, of: engine)
  }

  /// Takes over the engines of a controller that ran before.
  mutating func restore(_ table: JSONValue) {
    for engine in engines.restore(table) { announce(engine) }
  }

  /// A client subscribed to notifications. Those of engines that came and went between the answer to its
  /// connection_request and now have passed it by: they are published again, which changes nothing for who has seen them.
  mutating func subscribed(now: ContinuousClock.Instant) {
    let isRecent = { (time: ContinuousClock.Instant) in now - time < Self.subscriptionDelay }
    for stranding in strandings where isRecent(stranding.left) && engines.engines[stranding.engine.id] == nil {
      notify(MessageType.unregistrationNotification, of: stranding.engine)
    }
    let newcomers = engines.engines.values.filter { $0.registered.map(isRecent) ?? false }
    for engine in newcomers.sorted(by: { $0.id < $1.id }) { notify(MessageType.registrationNotification, of: engine) }
  }

  /// Subscribing takes no longer than this.
  private static let subscriptionDelay = Duration.seconds(10)

  private mutating func notify(_ type: String, of engine: EngineTable.Engine) {
    actions.append(
      .notify(type: type, parent: nil, content: ["id": .int(engine.id), "uuid": .string(engine.uuid)]))
  }

  private mutating func announce(_ engine: EngineTable.Engine) {
    actions.append(.watchHeart(uuid: engine.uuid))
    actions.append(.engineRegistered(uuid: engine.uuid, returnsTasks: engine.returnsTasks))
    actions.append(.log(.engineRegistered(id: engine.id, uuid: engine.uuid)))
    notify(MessageType.registrationNotification, of: engine)
  }

  /// Ends the records of what a dead engine never answered.
  private mutating func endStranded(_ stranding: Stranding) {
    let engine = stranding.engine
    for id in stranding.queue where requests.giveUp(id, of: engine.uuid, &engines) {
      let content = ErrorContent.json(
        ename: "EngineError", evalue: "Engine \(engine.id) died while running task '\(id)'")
      let now = Timestamp.now
      var update = TaskRecordUpdate()
      update.resultContent = content.bytes
      update.resultHeader = JSONValue.object(["engine": .string(engine.uuid), "date": .string(now.text)]).bytes
      update.resultBuffers = []
      update.completed = now
      update.engineUUID = engine.uuid
      save(id) { (store) throws(TaskStoreError) in try store.update(id, update) }
    }
  }

  // MARK: - Shared

  /// Ends the controller a moment from now, so that the answers get out.
  mutating func beginShutDown(now: ContinuousClock.Instant) {
    shutDownAt = shutDownAt ?? now + .milliseconds(200)
  }

  mutating func reply(_ request: Message, _ type: String, _ content: JSONValue, buffers: [Bytes] = []) {
    actions.append(
      .reply(
        to: Array(request.identities.prefix(1)), type: type, parent: request.headerBytes, content: content,
        buffers: buffers))
  }

  /// Changes the record of a task.
  mutating func save(_ id: String, _ change: (any TaskStore) throws(TaskStoreError) -> Void) {
    do {
      try change(store)
    } catch {
      // A record may have been culled or purged while its task ran; that is no failure.
      if error.code == .notFound || error.code == .noData { return }
      actions.append(.log(.storeFailed(messageID: id, reason: error.message)))
    }
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

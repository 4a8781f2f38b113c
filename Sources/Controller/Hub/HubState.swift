import DequeModule
import MartletWire
import MartletZeroMQ

/// The state of the hub, without sockets or a task store: registration, message bookkeeping, and answers to requests.
///
/// The semantics are those of ipyparallel 9.2's `controller/hub.py`, except where that grows without bound. The number
/// of remembered ids of finished tasks is limited, and a dead engine's data is dropped with its last requests.
///
/// Each event produces ``writes`` for the task store, and actions. The driver posts the writes first, so a query sees
/// all earlier changes.
struct HubState {
  /// The options of a hub.
  struct Configuration {
    /// The time an accepted engine has until its first heartbeat, and the time requests to a dead engine may still be
    /// answered. ipyparallel's default is ten heartbeat periods, at least 30 s.
    var registrationTimeout: Duration
    /// The heartbeat period sent to engines.
    var heartbeatPeriod: Duration
    /// How long tasks may wait behind another before engines return them; nil means never.
    var returnAfter: Duration?
    /// Whether clients may have Dask's scheduler started.
    var allowsDask = true
    /// Tells clients this run of the controller from another one: a random text.
    var instance = Session.randomID()
    /// Whether tasks are journaled.
    var hasJournal = false
    /// The content of the engines' connection file.
    var engineInfo: JSONValue = [:]
    /// That of the clients', without secrets; `nil` if engines are not to have it.
    var clientInfo: JSONValue?
  }

  var configuration: Configuration
  var engines = EngineTable()
  /// Pending and recently answered requests.
  var requests = RequestLedger()
  /// Requests waiting for the task store.
  private(set) var questions: [Int: StoreQuestion] = [:]
  private var nextQuestion = 0

  /// Changes for the task store, in order. The driver removes them.
  var writes: [TaskStoreWrite] = []
  /// The room left in the task store's queue, in bytes. The driver updates it after posting ``writes``.
  var storeRoom = Int.max
  private var droppedRecords = 0

  /// For how many seconds all accepted tasks are known; nil without a journal. The driver updates it.
  var journalCoverage: Double?
  var returns = EngineReturns()

  private var actions = Deque<HubAction>()
  var strayHearts = StrayHearts()
  /// The requests of engines that are about to leave, by their uuids.
  var retiring: [String: Asker] = [:]
  var expectedStops = RecentIDs(limit: 1024)
  var stalls = Deque<(deadline: Instant, uuid: String)>()
  var strandings = Deque<Stranding>()
  /// Dask's scheduler, if a client asked for it.
  var dask = DaskState()
  private var shutDownAt: Instant?

  /// The maximum number of requests waiting for the task store. Further ones are refused.
  static let questionLimit = 1024
  /// The time between the answer to a shutdown_request and the end of the controller.
  private static let shutDownDelay = Duration.milliseconds(200)

  /// A dead engine's unanswered requests, and the deadline for their answers.
  struct Stranding {
    let left: Instant
    let deadline: Instant
    let engine: EngineTable.Engine
    let departure: EngineDeparture
    /// The requests sent to the engine directly. The task scheduler handles its tasks.
    let queue: [String]
  }

  init(configuration: Configuration) { self.configuration = configuration }

  /// Removes and returns the next action, or nil if there is none.
  mutating func nextAction() -> HubAction? { actions.popFirst() }

  /// Whether ``nextAction()`` has an action to return.
  var hasActions: Bool { !actions.isEmpty }

  /// When to call ``advance(to:)`` next; nil if no deadline is set.
  var nextDeadline: Instant? {
    earlier(earlier(stalls.first?.deadline, strandings.first?.deadline), earlier(returns.nextDeadline, shutDownAt))
  }

  /// Handles all deadlines up to `now`.
  mutating func advance(to now: Moment) {
    while let stall = stalls.first, stall.deadline <= now.instant {
      stalls.removeFirst()
      if let engine = engines.cancel(uuid: stall.uuid, dueBy: now.instant) {
        act(.log(.registrationStalled(id: engine.id, uuid: engine.uuid)))
        engineRetired(engine.uuid)
      }
    }
    while let uuid = returns.popDue(by: now.instant) {
      if let engine = engines.engine(uuid), engine.isAwaited {
        unregister(engine.id, .absent(.zero), at: now)
      }
    }
    while let stranding = strandings.first, stranding.deadline <= now.instant {
      strandings.removeFirst()
      endStranded(stranding, at: now)
    }
    if let deadline = shutDownAt, deadline <= now.instant {
      shutDownAt = nil
      act(.shutDown)
    }
  }

  /// Shuts the controller down after a delay for sending the last answers.
  mutating func beginShutDown(at now: Moment) { shutDownAt = shutDownAt ?? now.instant + Self.shutDownDelay }

  // MARK: - Actions

  mutating func act(_ action: HubAction) { actions.append(action) }

  mutating func reply(_ asker: Asker, _ type: String, _ content: JSONValue, buffers: [Bytes] = []) {
    act(.reply(to: asker.identities, type: type, parent: asker.header, content: content, buffers: buffers))
  }

  /// Answers a request with an error.
  mutating func fail(_ asker: Asker, _ error: HubError) {
    act(.log(.requestFailed(type: asker.type, reason: "\(error.ename): \(error.evalue)")))
    reply(asker, Self.errorReplyType[asker.type] ?? MessageType.hubError, error.content)
  }

  /// Requests whose error replies have the request's reply type. Errors of all others are a `hub_error`.
  private static let errorReplyType = [
    MessageType.resultRequest: MessageType.resultReply, MessageType.historyRequest: MessageType.historyReply,
    MessageType.databaseRequest: MessageType.databaseReply, MessageType.purgeRequest: MessageType.purgeReply,
    MessageType.resubmitRequest: MessageType.resubmitReply, MessageType.becomeDaskRequest: MessageType.becomeDaskReply,
  ]

  // MARK: - Task store

  /// Queries the task store on behalf of a client.
  mutating func ask(_ query: TaskStoreQuery, _ asker: Asker, for purpose: StoreQuestion.Purpose) throws(HubError) {
    guard questions.count < Self.questionLimit else {
      throw .runtime("\(questions.count) requests wait for the task store; try again later")
    }
    nextQuestion += 1
    questions[nextQuestion] = StoreQuestion(asker: asker, purpose: purpose)
    act(.ask(query, id: nextQuestion))
  }

  /// Removes and returns a question whose answer has arrived.
  mutating func takeQuestion(_ id: Int) -> StoreQuestion? {
    guard let question = questions.removeValue(forKey: id) else { return nil }
    // An emptied dictionary keeps its capacity, so replace it.
    if questions.isEmpty { questions = [:] }
    return question
  }

  mutating func write(_ write: TaskStoreWrite) {
    storeRoom -= write.weight
    writes.append(write)
  }

  /// Whether the task store's queue accepts more content.
  var storeHasRoom: Bool { storeRoom > 0 }

  /// Counts a request or result that is not recorded because the task store's queue is full.
  mutating func noteDroppedRecord() {
    droppedRecords += 1
    // Log one line per thousand.
    if droppedRecords % 1000 == 1 { act(.log(.recordsDropped(total: droppedRecords))) }
  }
}

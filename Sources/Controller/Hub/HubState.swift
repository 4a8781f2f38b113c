import DequeModule
import MartletWire
import MartletZeroMQ

/// The hub without its sockets and its task store: registration, bookkeeping of messages, and answers to requests.
///
/// Semantics are those of ipyparallel 9.2's `controller/hub.py`, except where that grows without bound: the ids of
/// finished tasks are remembered up to a limit, and what is known of a dead engine is dropped with its last requests.
///
/// Each event leaves ``writes`` for the task store and actions behind. The driver posts the writes first, so that a
/// query sees all changes that came before it.
struct HubState {
  /// The options of a hub.
  struct Configuration {
    /// How long an accepted engine may take to its first heartbeat, and how long requests to a dead engine may still be
    /// answered. ipyparallel's default: ten heartbeat periods, at least 30 s.
    var registrationTimeout: Duration
    /// The heartbeat period that engines are told.
    var heartbeatPeriod: Duration
    /// How long tasks may wait behind another before engines return them; nil if they never do.
    var returnAfter: Duration?
    /// The content of the engines' connection file.
    var engineInfo: JSONValue = [:]
  }

  var configuration: Configuration
  var engines = EngineTable()
  /// Pending and recently answered requests.
  var requests = RequestLedger()
  /// Requests that wait for the task store.
  private(set) var questions: [Int: StoreQuestion] = [:]
  private var nextQuestion = 0

  /// Changes for the task store, in order. The driver takes them away.
  var writes: [TaskStoreWrite] = []
  /// How many more bytes the task store's queue takes. The driver sets it whenever it has posted ``writes``.
  var storeRoom = Int.max
  private var droppedRecords = 0

  private var actions = Deque<HubAction>()
  var expectedStops = RecentIDs(limit: 1024)
  var stalls = Deque<(deadline: ContinuousClock.Instant, uuid: String)>()
  var strandings = Deque<Stranding>()
  private var shutDownAt: ContinuousClock.Instant?

  /// How many requests may wait for the task store. More are refused.
  static let questionLimit = 1024
  /// The time between the answer to a shutdown_request and the end of the controller.
  private static let shutDownDelay = Duration.milliseconds(200)

  /// The requests that a dead engine has not answered, and how long an answer is waited for.
  struct Stranding {
    let left: ContinuousClock.Instant
    let deadline: ContinuousClock.Instant
    let engine: EngineTable.Engine
    /// The requests sent to it directly. The task scheduler takes care of its tasks.
    let queue: [String]
  }

  init(configuration: Configuration) { self.configuration = configuration }

  /// Takes the next action, or nil if there is none.
  mutating func nextAction() -> HubAction? { actions.popFirst() }

  /// Whether ``nextAction()`` has one.
  var hasActions: Bool { !actions.isEmpty }

  /// When ``advance(to:)`` has something to do.
  var nextDeadline: ContinuousClock.Instant? {
    [stalls.first?.deadline, strandings.first?.deadline, shutDownAt].compactMap(\.self).min()
  }

  /// Time has passed.
  mutating func advance(to now: Moment) {
    while let stall = stalls.first, stall.deadline <= now.instant {
      stalls.removeFirst()
      if let engine = engines.cancel(uuid: stall.uuid, dueBy: now.instant) {
        act(.log(.registrationStalled(id: engine.id, uuid: engine.uuid)))
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

  /// Ends the controller after a moment in which the answers are sent.
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

  /// Requests whose errors come in their own reply type. Errors of all others are a `hub_error`.
  private static let errorReplyType = [
    MessageType.resultRequest: MessageType.resultReply, MessageType.historyRequest: MessageType.historyReply,
    MessageType.databaseRequest: MessageType.databaseReply, MessageType.purgeRequest: MessageType.purgeReply,
    MessageType.resubmitRequest: MessageType.resubmitReply,
  ]

  // MARK: - Task store

  /// Asks the task store on behalf of a client.
  mutating func ask(_ query: TaskStoreQuery, _ asker: Asker, for purpose: StoreQuestion.Purpose) throws(HubError) {
    guard questions.count < Self.questionLimit else {
      throw .runtime("\(questions.count) requests wait for the task store; try again later")
    }
    nextQuestion += 1
    questions[nextQuestion] = StoreQuestion(asker: asker, purpose: purpose)
    act(.ask(query, id: nextQuestion))
  }

  /// Takes a question whose answer has arrived.
  mutating func takeQuestion(_ id: Int) -> StoreQuestion? {
    guard let question = questions.removeValue(forKey: id) else { return nil }
    // A dictionary keeps its capacity.
    if questions.isEmpty { questions = [:] }
    return question
  }

  mutating func write(_ write: TaskStoreWrite) {
    storeRoom -= write.weight
    writes.append(write)
  }

  /// Whether the task store's queue takes more content.
  var storeHasRoom: Bool { storeRoom > 0 }

  /// A request or a result is not recorded because the task store's queue is full.
  mutating func noteDroppedRecord() {
    droppedRecords += 1
    // One line per thousand is enough.
    if droppedRecords % 1000 == 1 { act(.log(.recordsDropped(total: droppedRecords))) }
  }
}

import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// The driver of the hub. It answers requests on the registration socket, publishes notifications, and receives reports
/// from relays and schedulers, which never wait for it.
actor Hub: EventLoopActor {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  /// Whether reported messages are recorded.
  nonisolated let keepsRecords: Bool
  let query: Socket
  let notifier: Socket
  let logger: Logger
  var session: Session
  var state: HubState
  let store: any TaskStoreService
  let journal: Journal?
  private var engineTable: EngineTableFile
  let shutDown: @Sendable () -> Void
  let dask: DaskScheduler
  private(set) var schedulers: [any EngineObserver] = []
  private(set) var taskScheduler: TaskScheduler?
  private(set) var hearts: HeartMonitor?
  private(set) var control: DirectRelay?
  private let ears: ConnectionEars
  private let notifierEars: ConnectionEars
  private let admission: CurrentAdmission?
  private var tokens: [EventLoop.Token] = []
  private var timer = DeadlineTimer()
  var reader = ReportReader()
  private var memory = MemoryWatch()
  private var memoryTimer: EventLoop.Token?
  private var incoming = Multipart()
  var outgoing = Multipart()
  private var rejections = RejectionLog()
  private var receiveFailures = LogThrottle()
  var sendFailures = LogThrottle()
  private var log: HubLogWriter
  nonisolated let backlog = ReportBacklog(limit: Hub.backlogLimit)
  let queueLimit: QueueLimit
  /// The raw value of ``directExcess``; 0 for none.
  nonisolated let reachedLimit = Atomic<UInt8>(0)

  private static let batch = 64
  /// The limit on the memory of unread reports, in bytes. Beyond it, records are lost but messages are not.
  private static let backlogLimit = 1 << 28

  /// - Parameters:
  ///   - storeLoop: the loop of the task store's thread, for stores that need one.
  ///   - admission: the keys that are admitted by name; `nil` if everybody may ask everything.
  init(
    sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, storeLoop: EventLoop?,
    journal: Journal?, admission: CurrentAdmission?, logger: Logger, shutDown: @escaping @Sendable () -> Void
  ) throws {
    let configuration = sockets.configuration
    query = try sockets.router("hub", mandatory: false)
    notifier = try sockets.attentivePublisher(highWaterMark: ControllerSockets.replies)
    ears = try endpoints.bindRegistration(query)
    notifierEars = try endpoints.bind(notifier, .notification, .client)
    self.admission = admission
    session = try sockets.session()
    let records: any TaskStoreService
    if let storeLoop {
      records = ThreadedTaskStore(
        try configuration.store.makeStore(session: session.id), loop: storeLoop, logger: logger)
    } else {
      records = InlineTaskStore(try configuration.store.makeStore(session: session.id), logger: logger)
    }
    store = journal.map { JournaledTaskStore(records, journal: $0) } ?? records
    self.journal = journal
    keepsRecords = store.keepsRecords
    queueLimit = configuration.queueLimit
    state = HubState(
      configuration: .init(
        registrationTimeout: configuration.effectiveRegistrationTimeout,
        heartbeatPeriod: configuration.heartbeat.period,
        returnAfter: configuration.scheduling.looksAhead ? EnginePace.patience : nil,
        allowsDask: configuration.dask.isAllowed, hasJournal: journal != nil))
    dask = DaskScheduler(configuration.dask)
    engineTable = EngineTableFile(path: configuration.engineStateFile, logger: logger)
    log = HubLogWriter(logger)
    self.loop = loop
    self.logger = logger
    self.shutDown = shutDown
  }

  /// Starts serving.
  ///
  /// - Parameters:
  ///   - engineInfo: the engines' connection file, for registration replies.
  ///   - clientInfo: that of the clients'; `nil` if engines are not to have it.
  ///   - observers: notified of engines before clients are.
  ///   - taskScheduler: receives resubmitted tasks.
  ///   - hearts: the heart monitor, which learns which hearts to watch.
  ///   - control: the relay of the control queue, for orders to engines.
  ///   - restoring: whether to restore the engines of the saved table.
  ///   - tasks: the tasks of an earlier controller that its engines may have, by their uuids.
  func start(
    engineInfo: JSONValue, clientInfo: JSONValue?, observers: [any EngineObserver], taskScheduler: TaskScheduler,
    hearts: HeartMonitor,
    control: DirectRelay, restoring: Bool, tasks: [String: Set<String>]
  ) {
    state.returns.expect(tasks)
    state.configuration.engineInfo = engineInfo
    state.configuration.clientInfo = clientInfo
    schedulers = observers
    self.taskScheduler = taskScheduler
    self.hearts = hearts
    self.control = control
    if restoring, let table = engineTable.read() { state.restore(table, at: .now) }
    tokens = [
      onReadable(query) { $0.readQueries() },
      onReadable(notifier) { $0.readSubscriptions() },
    ]
    act()
  }

  /// Stops serving and closes the store.
  func stop() async {
    for token in tokens { loop.cancel(token) }
    rejections.logSuppressed(to: logger, metadata: [LogKey.socket: "registration"])
    readReports()
    timer.cancel(on: loop)
    if let memoryTimer { loop.cancel(memoryTimer) }
    schedulers = []
    taskScheduler = nil
    hearts = nil
    control = nil
    await dask.stopAndWait()
    await withCheckedContinuation { continuation in store.close { continuation.resume() } }
  }

  /// Gives memory back to the system when a backlog has ended.
  func watchMemory(at now: Instant) {
    guard let time = memory.update(pending: state.requests.pendingCount, at: now) else { return }
    memoryTimer = schedule(at: time) { hub in
      let pending = hub.state.requests.pendingCount
      guard hub.memory.look(pending: pending, pending == 0 ? ProcessMemory.usage : nil, at: .now) else { return }
      // Takes a tenth of a second for a gigabyte, so not here.
      Task.detached(priority: .background) {
        ProcessMemory.giveBack()
        let usage = ProcessMemory.usage
        hub.execute { hub in
          hub.memory.gaveBack(usage)
          hub.logger.debug("memory was given back", metadata: [LogKey.bytes: "\(usage?.resident ?? 0)"])
        }
      }
    }
  }

  private func readQueries() {
    var left = Self.batch
    while left > 0 {
      do {
        guard try query.receive(into: &incoming) else { break }
        left -= 1
        let source = ears.isListening ? incoming.sourceDescriptor() : nil
        let key = admission == nil ? nil : incoming.userID()
        var isValid = false
        defer { if let source { ears.hear([.init(descriptor: source, isValid: isValid, key: key)]) } }
        // A client may query a task as soon as it has the reply, so drain the backlog first.
        readReports()
        let request = try session.take(&incoming)
        guard !request.identities.isEmpty else { throw WireError(.malformedFrames, "a request without identity") }
        isValid = true
        if let admission {
          // A request of a key that was revoked a moment ago.
          guard let role = key.flatMap({ admission.role(of: $0) }) else {
            throw WireError(.unknown, "the sender's key is not admitted")
          }
          state.request(request, of: role, at: .now)
        } else {
          state.request(request, at: .now)
        }
        act()
      } catch let error as WireError {
        rejections.log(error, to: logger, metadata: [LogKey.socket: "registration"])
      } catch {
        receiveFailures.log(.error, "the hub can't receive", to: logger, metadata: [LogKey.reason: "\(error)"])
        break
      }
    }
  }

  private func readSubscriptions() {
    guard notifier.hasNewSubscriber(using: &incoming, atMost: Self.batch, ears: notifierEars) else { return }
    state.subscribed(at: .now)
    act()
  }

  /// Posts changes and performs actions. Changes go first, so queries see them.
  func act(arming: Bool = true) {
    if !state.writes.isEmpty {
      store.post(&state.writes)
      state.storeRoom = store.room
    }
    while let action = state.nextAction() { perform(action) }
    guard arming else { return }
    arm()
    if engineTable.isOutdated { engineTable.write(state.engines) }
  }

  /// Has the engine table written after the current batch of events.
  func saveEngines() { engineTable.tableChanged() }

  func write(_ line: HubLog) { log.write(line) }

  private func arm() {
    timer.arm(at: Self.nextDeadline(&state), of: self) {
      $0.timer.fired()
      $0.state.advance(to: .now)
      $0.act()
    }
  }

  /// Takes the state in place: a class's property is copied before it is asked for a computed one.
  private static func nextDeadline(_ state: inout HubState) -> Instant? { state.nextDeadline }
}

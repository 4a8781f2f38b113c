import DequeModule
import Foundation
import Logging
import MartletWire
import MartletZeroMQ

/// The driver of the hub: answers on the registration socket, publishes notifications, and takes reports from the
/// relays and schedulers, which never wait for it.
actor Hub: EventLoopActor {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  /// Whether anybody will ask for the messages that are reported.
  private nonisolated let keepsRecords: Bool
  private let query: Socket
  private let notifier: Socket
  private let logger: Logger
  private var session: Session
  private var state: HubState
  private let engineStateFile: String?
  /// Written once for all changes of a batch of events: five hundred engines may come at once.
  private var engineTableHasChanged = false
  private let shutDown: @Sendable () -> Void
  private var schedulers: [any EngineObserver] = []
  private var taskScheduler: TaskScheduler?
  private var hearts: HeartMonitor?
  private var tokens: [EventLoop.Token] = []
  private var timer = DeadlineTimer()
  /// Not before then are reports looked at again, unless somebody asks.
  private var nextLook = ContinuousClock.now
  private var lookTimer: EventLoop.Token?
  private var incoming = Multipart()
  private var outgoing = Multipart()
  private var rejections = RejectionLog()
  private var receiveFailures = LogThrottle()
  private var sendFailures = LogThrottle()
  private var failedRequests = LogThrottle()
  private var refusedRegistrations = LogThrottle()
  private var stalledRegistrations = LogThrottle()
  private var unknownHearts = LogThrottle()
  private nonisolated let backlog = ReportBacklog(limit: Hub.backlogLimit)

  private static let batch = 64
  /// How long reports gather while they keep coming.
  private static let lookInterval = Duration.milliseconds(2)
  /// Reports waiting beyond this many bytes are dropped and counted: records get lost, messages don't.
  private static let backlogLimit = 1 << 28

  init(
    sockets: ControllerSockets, endpoints: inout EndpointBinder, loop: EventLoop, logger: Logger,
    shutDown: @escaping @Sendable () -> Void
  ) throws {
    let configuration = sockets.configuration
    query = try sockets.router("hub", mandatory: false)
    notifier = try sockets.attentivePublisher()
    try endpoints.bindRegistration(query)
    try endpoints.bind(notifier, .notification, .client)
    session = try sockets.session()
    let store = try configuration.store.makeStore(session: session.id)
    keepsRecords = store.keepsRecords
    state = HubState(
      configuration: .init(
        registrationTimeout: configuration.effectiveRegistrationTimeout,
        heartbeatPeriod: Int(configuration.heartbeat.period / .milliseconds(1)),
        returnAfter: configuration.scheduling.looksAhead ? Int(EnginePace.patience / .milliseconds(1)) : nil),
      store: store)
    engineStateFile = configuration.engineStateFile
    self.loop = loop
    self.logger = logger
    self.shutDown = shutDown
  }

  /// Begins to serve.
  ///
  /// - Parameters:
  ///   - engineInfo: the engines' connection file, for registration replies.
  ///   - observers: learn of engines that come and go before clients do.
  ///   - taskScheduler: takes resubmitted tasks.
  ///   - hearts: is told whose beats matter.
  ///   - restoring: take over the engines of the saved table.
  func start(
    engineInfo: JSONValue, observers: [any EngineObserver], taskScheduler: TaskScheduler, hearts: HeartMonitor,
    restoring: Bool
  ) {
    state.configuration.engineInfo = engineInfo
    schedulers = observers
    self.taskScheduler = taskScheduler
    self.hearts = hearts
    if restoring { restore() }
    tokens = [
      onReadable(query) { $0.readQueries() },
      onReadable(notifier) { $0.readSubscriptions() },
    ]
    state.scheduleFlush(now: .now)
    act()
  }

  /// Stops serving and closes the store.
  func stop() {
    for token in tokens { loop.cancel(token) }
    rejections.logSuppressed(to: logger, metadata: [LogKey.socket: "registration"])
    readReports()
    timer.cancel(on: loop)
    schedulers = []
    taskScheduler = nil
    hearts = nil
    do {
      try state.store.close()
    } catch {
      logger.error("the task store can't be closed", metadata: [LogKey.reason: "\(error)"])
    }
  }

  /// What a report is to hold of a message that is about to be passed on; nil if it would be kept for nothing.
  nonisolated func record(_ message: borrowing Multipart, _ layout: MessageLayout) -> RecordedMessage? {
    keepsRecords ? RecordedMessage(message, layout: layout) : nil
  }

  /// The same for a message on IOPub, by which the hub also learns that an engine shuts down.
  nonisolated func recordOutput(
    _ message: borrowing Multipart, _ layout: MessageLayout, type: String
  ) -> RecordedMessage? {
    guard keepsRecords || type == MessageType.shutdownReply else { return nil }
    return RecordedMessage(message, layout: layout, keepsParent: true)
  }

  /// A report of what is about to be passed on, from any loop. Who asks the hub finds it at once; otherwise the hub looks
  /// when it has been told by ``announceReports()``.
  nonisolated func report(_ event: consuming HubEvent) {
    // Once per thousand is enough to be seen.
    if let total = backlog.add(event), total % 1000 == 1 {
      logger.warning("the hub lags, reports were dropped", metadata: [LogKey.count: "\(total)"])
    }
  }

  /// Has the hub look at reports. Waking it can wait until messages are on their way.
  nonisolated func announceReports() {
    if backlog.announce() { execute { $0.reportsWait() } }
  }

  /// Looks at the reports, or, having looked a moment ago, lets them gather: while many messages pass, waking for each
  /// would cost more than recording it.
  private func reportsWait() {
    guard .now < nextLook else { return readReports() }
    lookTimer = schedule(at: nextLook) { $0.readReports() }
  }

  private func readReports() {
    if let lookTimer { loop.cancel(lookTimer) }
    lookTimer = nil
    let now = ContinuousClock.now
    nextLook = now + Self.lookInterval
    var reports = backlog.take()
    while let event = reports.popFirst() {
      state.monitor(event, now: now)
      act(arming: false)
    }
    act()
  }

  private func readQueries() {
    var left = Self.batch
    while left > 0 {
      do {
        guard try query.receive(into: &incoming) else { break }
        left -= 1
        // Who asks may know from the answer to a task what has been reported of it, and finds it recorded.
        readReports()
        let request = try session.take(&incoming)
        guard !request.identities.isEmpty else { throw WireError(.malformedFrames, "a request without identity") }
        state.request(request, now: .now)
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
    guard notifier.hasNewSubscriber(using: &incoming, atMost: Self.batch) else { return }
    state.subscribed(now: .now)
    act()
  }

  private func act(arming: Bool = true) {
    while let action = state.nextAction() { perform(action) }
    guard arming else { return }
    arm()
    if engineTableHasChanged {
      engineTableHasChanged = false
      saveEngines()
    }
  }

  private func perform(_ action: HubAction) {
    switch action {
    case .reply(let identities, let type, let parent, let content, let buffers):
      for identity in identities { outgoing.append(identity) }
      session.append(to: &outgoing, type: type, parent: parent, content: content.bytes.array, buffers: buffers)
      sendOutgoing(query: true)
    case .notify(let type, let parent, let content):
      session.append(to: &outgoing, type: type, parent: parent, content: content.bytes.array)
      sendOutgoing(query: false)
    case .engineRegistered(let uuid, let returnsTasks):
      for scheduler in schedulers { scheduler.engineRegistered(uuid, returnsTasks: returnsTasks) }
    case .engineUnregistered(let uuid): for scheduler in schedulers { scheduler.engineUnregistered(uuid) }
    case .awaitHeart(let uuid): hearts?.forget(uuid)
    case .watchHeart(let uuid): hearts?.watch(uuid)
    case .saveEngines: engineTableHasChanged = true
    case .resubmit(let header, let content, let buffers):
      taskScheduler?.resubmit(header: header, content: content, buffers: buffers)
    case .shutDown: shutDown()
    case .log(let line): log(line)
    }
  }

  private func sendOutgoing(query toQuery: Bool) {
    do {
      if toQuery { try query.send(&outgoing) } else { try notifier.send(&outgoing) }
    } catch {
      sendFailures.log(.error, "the hub can't send", to: logger, metadata: [LogKey.reason: "\(error)"])
    }
    outgoing.removeAll()
  }

  private func arm() {
    timer.arm(at: state.nextDeadline, of: self) {
      $0.timer.fired()
      $0.state.advance(to: .now)
      $0.act()
    }
  }

  // MARK: - Engine table

  private func saveEngines() {
    guard let engineStateFile else { return }
    do {
      // Not durable: registrations would wait for the disk, and a damaged table is only ignored.
      try PrivateFile.write(state.engines.json.bytes.data, to: engineStateFile, isDurable: false)
    } catch {
      logger.warning("can't save the engine table", metadata: [LogKey.reason: "\(error)"])
    }
  }

  private func restore() {
    guard let engineStateFile else { return }
    do {
      guard let table = try PrivateFile.readJSON(engineStateFile) else { return }
      guard table["engines"]?.objectValue != nil else {
        throw PrivateFileError(engineStateFile, "'engines' is missing")
      }
      state.restore(table)
    } catch {
      logger.warning("no engines are restored: the engine table is unusable", metadata: [LogKey.reason: "\(error)"])
    }
  }

  private func log(_ line: HubLog) {
    switch line {
    case .engineRegistered(let id, let uuid):
      logger.info("engine connected", metadata: [LogKey.engineID: "\(id)", LogKey.engineUUID: "\(uuid)"])
    case .engineUnregistered(let id, let uuid):
      logger.info("engine gone", metadata: [LogKey.engineID: "\(id)", LogKey.engineUUID: "\(uuid)"])
    case .registrationRefused(let uuid, let reason):
      refusedRegistrations.log(
        .error, "registration refused", to: logger,
        metadata: [LogKey.engineUUID: "\(uuid)", LogKey.reason: "\(reason)"])
    case .registrationStalled(let id, let uuid):
      stalledRegistrations.log(
        .warning, "an engine registered but its heart never beat", to: logger,
        metadata: [LogKey.engineID: "\(id)", LogKey.engineUUID: "\(uuid)"])
    case .lateHeart(let uuid, let isExpected):
      unknownHearts.log(
        isExpected ? .debug : .info, "ignoring the heart of an unknown engine", to: logger,
        metadata: [LogKey.engineUUID: "\(uuid)"])
    case .storeFailed(let id, let reason):
      logger.error("a task record can't be stored", metadata: [LogKey.messageID: "\(id)", LogKey.reason: "\(reason)"])
    case .flushFailed(let reason):
      logger.error("the task store can't be written", metadata: [LogKey.reason: "\(reason)"])
    case .requestFailed(let type, let reason):
      failedRequests.log(
        .warning, "a request failed", to: logger, metadata: [LogKey.messageType: "\(type)", LogKey.reason: "\(reason)"])
    }
  }
}

/// Learns of engines that come and go; called from the hub's loop, acts on its own.
protocol EngineObserver: Sendable {
  /// An engine can take work; it may be one that returns tasks which wait behind a long one.
  func engineRegistered(_ uuid: String, returnsTasks: Bool)
  /// An engine is gone.
  func engineUnregistered(_ uuid: String)
}

extension TaskScheduler: EngineObserver {}

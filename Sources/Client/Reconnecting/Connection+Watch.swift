import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// Noticing that the controller is gone, and what becomes of requests then.
extension Connection {
  /// Starts to watch the controller, which has answered.
  func startWatch(_ watch: ControllerWatch) {
    self.watch = watch
    armWatch()
  }

  /// Ends the watch for good.
  func endWatch() {
    if let timer = watch?.timer { loop.cancel(timer) }
    watch = nil
  }

  /// A request was sent while nothing was outstanding.
  func beginWatching() {
    watch?.state.waitBegan(at: .now)
    armWatch()
  }

  /// A socket's connection was made or has ended.
  ///
  /// - Parameter channel: `nil` for the sockets that only receive.
  func connectionChanged(_ channel: RequestChannel?, _ change: SocketWatch.Change) {
    guard watch != nil else { return }
    switch change {
    case .connected:
      perform(
        channel.map { watch?.state.connected($0, at: .now) ?? [] } ?? watch?.state.receiverConnected(at: .now))
    case .broke:
      // Replies that have arrived are not lost.
      receiveArrivedReplies()
      if watch?.state.phase == .present {
        logger.warning(
          "a connection to the controller broke; waiting for it to return", metadata: [LogKey.endpoint: "\(hub)"])
        directory.withLock { $0.announce(.controllerMissing) }
      }
      watch?.marks.broke(channel, at: outbox.withOutstanding { $0.mark })
      perform(watch?.state.connectionBroke(channel, at: .now))
    }
  }

  /// The hub has answered a ping with its engines and its instance.
  func pingAnswered(_ number: Int, _ content: JSONValue) throws(WireError) {
    let engines = try Self.engines(content)
    outbox.keepRequests(content["journal"]?.boolValue ?? false)
    let actions = watch?.state.answered(number, instance: content["instance"]?.stringValue, at: .now) ?? []
    if !actions.isEmpty { replaceEngines(engines) } else if !outbox.isRefusing { register(engines) }
    perform(actions)
  }

  /// The engines in a `connection_reply`.
  static func engines(_ content: JSONValue) throws(WireError) -> [Int: String] {
    var engines: [Int: String] = [:]
    for (id, uuid) in content["engines"]?.objectValue ?? [:] {
      guard let id = Int(id), let uuid = uuid.stringValue else {
        throw WireError(.malformedJSON, "the hub's list of engines has the entry \(id): \(uuid)")
      }
      engines[id] = uuid
    }
    return engines
  }

  /// How often connections to the controller have broken.
  var breaks: Int { watch?.state.breaks ?? 0 }

  private func tick() {
    let now = ContinuousClock.now
    if hasHeard {
      hasHeard = false
      watch?.state.heard(at: now)
    }
    perform(watch?.state.tick(at: now, isWaiting: isWaiting))
  }

  private var isWaiting: Bool { outbox.withOutstanding { $0.count > 0 } }

  private func armWatch() {
    guard var watch else { return }
    if let timer = watch.timer { loop.cancel(timer) }
    watch.timer = nil
    let now = ContinuousClock.now
    var deadline = watch.state.nextTick(after: now, isWaiting: isWaiting)
    if deadline == nil {
      isWatching.store(false, ordering: .sequentiallyConsistent)
      // A request that was added before it could see the change.
      if isWaiting, !isWatching.exchange(true, ordering: .sequentiallyConsistent) {
        watch.state.waitBegan(at: now)
        deadline = watch.state.nextTick(after: now, isWaiting: true)
      }
    }
    if let deadline {
      isWatching.store(true, ordering: .relaxed)
      watch.timer = loop.schedule(at: deadline) { [weak self] in self?.assumeIsolated { $0.tick() } }
    }
    self.watch = watch
  }

  private func perform(_ actions: [ControllerWatchState.Action]?) {
    for action in actions ?? [] {
      switch action {
      case .ping(let number):
        guard let watch else { continue }
        outbox.sendPing(
          Request(
            channel: .query, type: MessageType.connectionRequest, id: watch.id(ofPing: number), expected: []))
      case .resume(let isRestarted): resume(isRestarted: isRestarted)
      case .renewEngines: break
      case .giveUp: giveUp()
      case .readFile: readFile()
      }
    }
    armWatch()
  }

  // MARK: - Actions

  private var hub: String { (try? connectionInfo.endpoint(.registration)) ?? connectionInfo.interface }

  private func resume(isRestarted: Bool) {
    if isRestarted { watch?.marks.controllerWasReplaced() }
    guard let watch else { return }
    directory.withLock { $0.announce(.controllerReturned(isRestarted: isRestarted)) }
    logger.notice(
      isRestarted ? "another controller answers" : "the controller answers again",
      metadata: [LogKey.endpoint: "\(hub)"])
    let loss = ClientError(
      .controllerLost,
      isRestarted
        ? "the controller at \(hub) was restarted and doesn't know the request; it may have run: submit it again"
        : "the connection to the controller at \(hub) broke, and the controller doesn't know the request; it may have "
          + "run: submit it again")
    let marks = watch.marks
    if let mark = self.watch?.marks.takeOutput() {
      let open = outbox.withOutstanding { $0.requests(before: { _ in mark }) }
      for request in open { request.context.state.loseOutput(request.context.slot) }
      for destination in routes.destinations { destination.state.loseOutput(destination.slot) }
    }
    // What was sent over other connections than those that broke is answered as if nothing had happened.
    let open = outbox.withOutstanding { $0.requests(before: marks.mark(of:)) }
    // The hub keeps no record of questions to it.
    for request in open where request.channel == .query { fail(request.id, loss) }
    let ids = open.filter { $0.channel != .query }.map(\.id)
    if !ids.isEmpty { watch.recover(ids, loss, watch.state.breaks) }
  }

  private func giveUp() {
    guard let watch else { return }
    let time = watch.timeout.map { " for \($0)" } ?? ""
    lose(
      ClientError(
        .controllerLost,
        "the controller at \(hub) has ended or can't be reached: no answer\(time). What was sent to it may have run; "
          + "submit it again when a controller is back, to which this client connects by itself"))
    do {
      try reopen(connectionInfo)
    } catch {
      logger.error("the connection can't be opened again", metadata: [LogKey.reason: "\(error)"])
    }
    self.watch?.state.reopened(at: .now)
  }

  /// Fails whatever waits for the controller, and refuses further requests.
  private func lose(_ error: ClientError) {
    logger.error("the controller is lost", metadata: [LogKey.endpoint: "\(hub)"])
    outbox.refuse(error)
    for destination in outbox.giveUpAll() { destination.fail(error) }
    for destination in routes.destinations { destination.state.loseOutput(destination.slot) }
    routes = OutputRoutes()
    directory.withLock { $0.announce(.controllerLost) }
  }

  /// Connects to the controller in the connection file if it is another one than the one that is missing.
  private func readFile() {
    guard let found = watch?.file?.current() else { return }
    let former = connectionInfo
    guard found != former else { return }
    let isSameCluster = found.key == former.key && found.curveServerKey == former.curveServerKey
    logger.notice("the connection file names another controller", metadata: [LogKey.endpoint: "\(found.interface)"])
    if !isSameCluster {
      lose(
        ClientError(
          .controllerLost,
          "the controller at \(hub) is gone, and its connection file now belongs to another cluster, which doesn't know "
            + "the request; it may have run: submit it again"))
    }
    do {
      try reopen(found)
    } catch {
      return logger.error("the connection file can't be used", metadata: [LogKey.reason: "\(error)"])
    }
    watch?.marks.brokeEverywhere(at: outbox.withOutstanding { $0.mark })
    if isSameCluster { watch?.state.reopened(at: .now) } else { watch?.state.replaced(at: .now) }
  }

  // MARK: - Requests

  /// Ends a request without a reply, unless its reply has arrived.
  nonisolated func fail(_ id: String, _ error: ClientError) {
    outbox.withOutstanding { $0.giveUp(id) }?.fail(error)
  }

  /// Ends a request with a reply that was fetched from the hub, unless its reply has arrived.
  nonisolated func recovered(_ id: String, _ reply: TaskReply) {
    guard let destination = outbox.withOutstanding({ $0.giveUp(id) }) else { return }
    destination.state.complete(destination.slot, .success(reply), output: .none)
  }
}

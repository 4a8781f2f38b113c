import Logging
import MartletWire
import MartletZeroMQ

/// What an engine does when its controller is gone, and when it is back.
extension EngineConnection {
  /// The connection to the hub was made or has ended.
  func hubConnectionChanged(_ change: SocketWatch.Change) {
    reachesHub = change == .connected
    guard presence != nil else {
      if change == .broke { hasBrokenEarly = true } else { repeatFirstRegistration() }
      return
    }
    switch change {
    case .broke:
      if presence?.missingSince == nil {
        logger.warning("the connection to the controller broke", metadata: policyMetadata)
      }
      perform(presence?.connectionBroke(at: .now))
    case .connected: perform(presence?.connected(at: .now))
    }
  }

  /// Registers again if the connection broke after the hub had answered the registration and before this engine was ready, or
  /// if the hub asked for that.
  func takeUpEarlyEvents() {
    if hasBrokenEarly {
      perform(presence?.connectionBroke(at: .now))
      if reachesHub { perform(presence?.connected(at: .now)) }
    }
    if wasAskedEarly { perform(presence?.asked(at: .now)) }
  }

  /// The hub's pings have stopped or come back.
  func pingsChanged(_ change: Heart.Change) {
    switch change {
    case .stopped:
      logger.warning("the controller's heartbeats have stopped", metadata: policyMetadata)
      perform(presence?.pingsStopped(at: .now))
    case .resumed:
      // The hub may have given this engine up, and its tasks to others.
      if !lease.holds { returnTasks() }
      perform(presence?.pingsResumed(at: .now))
    }
  }

  /// The hub has sent a `reregister_request`.
  func registrationAsked() {
    if presence == nil { wasAskedEarly = true } else { perform(presence?.asked(at: .now)) }
  }

  /// The hub has answered a registration other than the first.
  func registeredAgain(_ result: Result<RegistrationReply, EngineRunError>) {
    switch result {
    case .success(let reply):
      presence?.registered()
      // What waits here was sent before: it may run elsewhere by now.
      if !lease.holds { returnTasks() }
      renewLease(reply)
      canRetire = reply.retires
      clientAccess.update(reply.clientConnection, own: connection, keys: configuration.curveKeys)
      if retirement != nil {
        retirement?.registeredAgain()
        sendRetirement()
      }
      if let origin, reply.id != origin.id { takeID(reply.id) }
      if reply.hasJournal { sender.keepReplies() }
      sender.sendAgain(reply.tasks)
      logger.info("registered again", metadata: [LogKey.heartbeatPeriod: "\(reply.heartbeatPeriod)"])
      if let heart {
        let misses = configuration.maxHeartbeatMisses
        Task { await heart.expect(period: reply.heartbeatPeriod, misses: misses) }
      }
    case .failure(let error):
      logger.warning("registering again failed", metadata: [LogKey.reason: "\(error)"])
      presence?.refused(at: .now)
    }
    armPresence()
  }

  private var policyMetadata: Logger.Metadata {
    [LogKey.reason: "on_controller_lost is \(configuration.onControllerLost.rawValue)"]
  }

  private func perform(_ actions: [ControllerPresenceState.Action]?) {
    for action in actions ?? [] {
      switch action {
      case .register: registerAgain()
      case .readFile: readFile()
      case .lose: return lose()
      }
    }
    armPresence()
  }

  private func armPresence() {
    if let presenceTimer { loop.cancel(presenceTimer) }
    presenceTimer = presence?.nextTick(after: .now).map { deadline in
      loop.schedule(at: deadline) { [weak self] in
        self?.assumeIsolated { $0.perform($0.presence?.tick(at: .now)) }
      }
    }
  }

  private func registerAgain() {
    guard let origin else { return }
    do {
      try sendRegistration(id: origin.id)
      retirement?.registersAgain()
    } catch {
      logger.warning("registering again failed", metadata: [LogKey.reason: "\(error)"])
    }
  }

  /// Takes the id that the hub has assigned.
  private func takeID(_ id: Int) {
    logger.notice("the hub assigned another id", metadata: [LogKey.engineID: "\(id)"])
    logger[metadataKey: LogKey.engine] = "\(configuration.label).\(id)"
    let origin = MessageOrigin(id: id, uuid: configuration.uuid)
    self.origin = origin
    number.change(to: id)
    guard let sockets else { return }
    sender.open(sockets, origin: origin)
    do {
      try sockets.connectLeaf(of: connection, id: id)
    } catch {
      logger.error("the broadcast channel can't be used", metadata: [LogKey.reason: "\(error)"])
    }
  }

  /// Moves to the controller in the connection file if it is another one than the one that is missing.
  private func readFile() {
    guard let found = configuration.readConnection?(), found != connection, let origin else { return }
    guard found.curveServerKey == connection.curveServerKey else { return }
    let former = connection
    connection = found
    presence?.moved(at: .now)
    logger.notice("the connection file names another controller", metadata: [LogKey.endpoint: "\(found.interface)"])
    do {
      if found.key != former.key || found.signatureScheme != former.signatureScheme {
        try verifier.useKey(found.key, scheme: found.signatureScheme)
        try sender.useKey(found.key, scheme: found.signatureScheme)
      }
      try registrar?.disconnect(try former.endpoint(.registration))
      try registrar?.connect(try found.endpoint(.registration))
      try sockets?.move(from: former, to: found, id: origin.id)
      let old = (ping: try former.endpoint(.heartbeatPing), pong: try former.endpoint(.heartbeatPong))
      let new = (ping: try found.endpoint(.heartbeatPing), pong: try found.endpoint(.heartbeatPong))
      if let heart { Task { try? await heart.move(from: old, to: new) } }
    } catch {
      logger.error("the connection file can't be used", metadata: [LogKey.reason: "\(error)"])
    }
  }

  // MARK: - The end

  private func lose() {
    if let presenceTimer { loop.cancel(presenceTimer) }
    presenceTimer = nil
    presence = nil
    switch configuration.onControllerLost {
    case .reconnect:
      leave(
        .controllerLost(
          "the controller is lost: no connection or heartbeat for \(configuration.reconnectTimeout); the engine leaves")
      )
    case .stop: leave(.controllerLost("the controller is lost, the engine leaves"))
    case .finish:
      logger.warning("the controller is lost, the engine leaves after the requests it has")
      lease.end()
      receiver?.receive()
      finishRequests()
    }
  }

  private func finishRequests() {
    guard mailbox.isIdle, beside.isIdle else {
      _ = loop.schedule(at: .now + Self.finishInterval) { [weak self] in
        self?.assumeIsolated { $0.finishRequests() }
      }
      return
    }
    leave(.controllerLost("the controller is lost, the engine leaves after its last request"))
  }

  private static let finishInterval = Duration.milliseconds(50)
}

import Logging
import MartletWire
import MartletZeroMQ

extension EngineConnection {
  /// Registers with the hub.
  ///
  /// - Throws: ``EngineRunError`` with the hub's reason or after the timeout, `CancellationError` when the engine is asked
  ///   to leave before the hub has answered.
  func register() async throws -> RegistrationReply {
    guard let context, departure == nil else { throw CancellationError() }
    let endpoint = try configuration.connection.endpoint(.registration)
    try connectToHub(context, endpoint)
    logger.info("registering", metadata: [LogKey.endpoint: "\(endpoint)"])
    try sendRegistration(id: configuration.requestedID)
    armRegistrationTimeout(endpoint)
    defer { if let registrationTimer { loop.cancel(registrationTimer) } }
    let reply = try await withCheckedThrowingContinuation { registering = $0 }
    if let wanted = configuration.requestedID, wanted != reply.id {
      logger.warning("the hub assigned another id than requested", metadata: [LogKey.engineID: "\(reply.id)"])
    }
    return reply
  }

  /// Connects to the hub and watches the connection.
  func connectToHub(_ context: Context, _ endpoint: String) throws {
    let socket = try Socket(context, .dealer, options: options)
    let watch = try SocketWatch.watch(socket, context: context, name: "engine-\(configuration.uuid)")
    try socket.connect(endpoint)
    registrarWatch = watch
    sources.append(
      loop.onReadable(socket) { [weak self] in self?.assumeIsolated { $0.readRegistration() } })
    sources.append(
      watch.onChange(loop) { [weak self] change in self?.assumeIsolated { $0.hubConnectionChanged(change) } })
    registrar = consume socket
  }

  /// Gives the hub some time to answer the first registration.
  private func armRegistrationTimeout(_ endpoint: String) {
    if let registrationTimer { loop.cancel(registrationTimer) }
    registrationTimer = loop.schedule(at: .now + configuration.registrationTimeout) { [weak self] in
      self?.assumeIsolated { connection in
        connection.finishRegistration(
          .failure(
            EngineRunError(
              .registrationTimeout,
              "no answer to the registration from \(endpoint) within \(connection.configuration.registrationTimeout): "
                + "is the controller running, does the connection file belong to it, and can this host reach it?")))
      }
    }
  }

  /// Registers anew when the connection broke before the hub had answered: the request or the answer may be lost.
  func repeatFirstRegistration() {
    guard registering != nil, hasBrokenEarly else { return }
    hasBrokenEarly = false
    do {
      try sendRegistration(id: configuration.requestedID)
      armRegistrationTimeout(try connection.endpoint(.registration))
    } catch {
      logger.warning("registering failed", metadata: [LogKey.reason: "\(error)"])
    }
  }

  /// Asks the hub to register the engine, under an id if possible.
  func sendRegistration(id: Int?) throws {
    var content: [String: JSONValue] = [
      "uuid": .string(configuration.uuid), "returns_tasks": true, "reregisters": true,
    ]
    if let id { content["id"] = .int(id) }
    if functions.hasConcurrent { content["concurrent"] = true }
    if !configuration.resources.isEmpty { content["resources"] = configuration.resources.json }
    if let lifetime = configuration.limits.lifetime {
      let left = registered.map { $0 + lifetime - .now } ?? lifetime
      content["time_left"] = .double(max(left, .zero) / .seconds(1))
    }
    // What runs is asked for before what has ended, so nothing is missed in between.
    if let running = receiver?.attempts(), let ended = sender.keptReplies {
      content["tasks"] = .object(
        ended.merging(beside.attempts) { $1 }.merging(running) { $1 }.mapValues { .int($0) })
    }
    try sendToHub(MessageType.registrationRequest, .object(content))
  }

  /// Asks the controller for no more tasks.
  func sendRetirement() {
    do {
      try sendToHub(MessageType.retirementRequest, ["uuid": .string(configuration.uuid)])
    } catch {
      logger.warning("the controller was not told that the engine is about to leave: \(error)")
    }
  }

  /// Tells the hub that the engine is leaving.
  func unregister() {
    guard let origin else { return }
    do {
      try sendToHub(MessageType.unregistrationRequest, ["id": .int(origin.id)])
    } catch {
      logger.warning("unregistering failed", metadata: [LogKey.reason: "\(error)"])
    }
  }

  /// Ends the wait for the registration. Only the first result counts.
  func finishRegistration(_ result: Result<RegistrationReply, any Error>) {
    registering?.resume(with: result)
    registering = nil
  }

  private func sendToHub(_ type: String, _ content: JSONValue) throws {
    outgoing.removeAll()
    sender.write(type, content: content, to: &outgoing)
    try registrar?.send(&outgoing)
  }

  func readRegistration() {
    do {
      while try registrar?.receive(into: &incoming) ?? false {
        do throws(WireError) {
          try handleRegistration(try verifier.take(&incoming))
        } catch {
          reject(error, channel: "registration")
        }
      }
    } catch {
      receiveFailures.log(
        .error, "receiving failed", to: logger,
        metadata: [LogKey.reason: "\(error)", LogKey.channel: "registration"])
    }
  }

  private func handleRegistration(_ message: Message) throws(WireError) {
    switch message.header.messageType {
    case MessageType.registrationReply: break
    case MessageType.reregisterRequest: return registrationAsked()
    case MessageType.retirementReply:
      retirement?.confirmed()
      return
    default: throw WireError(.unknown, "\(message.header.messageType) from the hub")
    }
    let content = try message.content()
    let result: Result<RegistrationReply, EngineRunError>
    do throws(EngineRunError) {
      result = .success(try RegistrationReply(content: content))
    } catch {
      result = .failure(error)
    }
    if presence != nil { return registeredAgain(result) }
    finishRegistration(result.mapError { $0 as any Error })
  }
}

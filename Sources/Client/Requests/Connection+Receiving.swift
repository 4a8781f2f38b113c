import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

extension Connection {
  /// Receives the replies that have arrived, up to a limit.
  func receiveReplies(_ socket: SharedSocket, _ channel: RequestChannel, limit: Int = batch) {
    receive(socket, channel.rawValue, limit: limit) { (message) throws(WireError) in
      if channel == .broadcast, let id = try Self.coalescedID(message) { return try self.deliver(message, to: id) }
      guard let id = try message.parentID() else {
        throw WireError(.malformedJSON, "a \(message.header.messageType) without a parent")
      }
      if channel == .query, let number = self.watch?.number(ofPing: id) {
        return try self.pingAnswered(number, try message.content())
      }
      try self.deliver(message, to: id)
    }
  }

  /// Receives the hub's notifications that have arrived, up to a batch.
  func receiveNotifications(_ socket: SharedSocket) {
    receive(socket, "notification") { (message) throws(WireError) in
      // A controller that is back tells of its engines before it has answered. Who sees them wants to call them.
      if self.outbox.isRefusing, message.header.messageType != MessageType.shutdownNotification {
        if self.earlyNews.count < Self.earlyNewsLimit { self.earlyNews.append(message) }
      } else {
        try self.handleNews(message)
      }
    }
  }

  private func handleNews(_ message: Message) throws(WireError) {
    let content = try message.content()
    switch message.header.messageType {
    case MessageType.registrationNotification:
      guard let id = content["id"]?.intValue, let uuid = content["uuid"]?.stringValue else {
        throw WireError(.malformedJSON, "a registration without id or uuid")
      }
      register([id: uuid], isNews: true)
    case MessageType.unregistrationNotification:
      guard let id = content["id"]?.intValue else {
        throw WireError(.malformedJSON, "an unregistration without an id")
      }
      receiveArrivedReplies()
      unregister(id, reason: content["reason"]?.stringValue)
    case MessageType.shutdownNotification:
      receiveArrivedReplies()
      tearDown(ClientError(.closed, "the controller has shut down"))
    default:
      throw WireError(.unknown, "a notification of type \(message.header.messageType)")
    }
  }

  /// Receives the replies that have arrived on all channels: a notification overtakes replies sent before it, and
  /// requests that have been answered must not fail because of it.
  func receiveArrivedReplies() {
    // Each outstanding request has one reply at most, so this ends even if more and more replies keep arriving.
    let limit = outbox.withOutstanding { $0.count } + Self.batch
    for channel in RequestChannel.allCases {
      if let socket = sockets[channel] { receiveReplies(socket, channel, limit: limit) }
    }
  }

  /// Adds engines.
  ///
  /// - Parameter isNews: whether this is newer than all notifications that have arrived.
  nonisolated func register(_ engines: [Int: String], isNews: Bool = false) {
    // Before anyone sees the engines, so that whoever does can call them, and finds there what every engine gets.
    if isNews { outbox.withOutstanding { for uuid in engines.values { $0.engineReturned(uuid) } } }
    standing.withLock { table in
      if !table.isEmpty {
        var changed = directory.withLock { $0.engines }
        for (id, uuid) in engines { changed.register(id: id, uuid: uuid, isNews: isNews) }
        sendParcels(to: changed.engines, &table)
      }
      directory.withLock { state in
        state.change { for (id, uuid) in engines { $0.register(id: id, uuid: uuid, isNews: isNews) } }
      }
    }
  }

  /// Takes the hub's list of engines for the truth, because notifications may have been missed, and accepts requests:
  /// whoever sees the engines of a controller that is back can call them.
  func replaceEngines(_ engines: [Int: String]) {
    outbox.accept {
      outbox.withOutstanding { for uuid in engines.values { $0.engineReturned(uuid) } }
      directory.withLock { state in state.change { $0.replace(with: engines) } }
    }
    standing.withLock { table in
      let present = directory.withLock { $0.engines.engines }
      table.retain(present)
      sendParcels(to: present, &table)
    }
    let news = earlyNews
    earlyNews = []
    for message in news {
      do throws(WireError) { try handleNews(message) } catch { refuse(error, "notification") }
    }
  }

  /// Removes an engine and fails the requests it had.
  ///
  /// - Parameter reason: how its process ended, if that is known.
  func unregister(_ id: Int, reason: String? = nil) {
    // A watcher that hears that the engine has left finds that its requests have failed.
    guard let gone = directory.withLock({ $0.engines.unregister(id: id, reason: reason) }) else { return }
    standing.withLock { $0.left(gone.uuid) }
    for stranded in outbox.withOutstanding({ $0.engineDied(gone) }) {
      stranded.context.fail(EngineError(gone, msgID: stranded.id, reason: reason))
    }
    directory.withLock { $0.announceChanges() }
  }

  private func deliver(_ message: Message, to id: String) throws(WireError) {
    switch outbox.withOutstanding({ $0.reply(to: id) }) {
    case .expected(let destination):
      do {
        let reply = try TaskReply(message)
        let isComplete = destination.state.complete(
          destination.slot, .success(reply), output: try reply.remainingOutput())
        if destination.collectsOutput, !isComplete { routes.add(id, destination) }
      } catch {
        destination.fail(ClientError(.malformedReply, "the reply to \(id) can't be read: \(error)", underlying: error))
        throw error
      }
    case .late, .unexpected:
      let counts = outbox.withOutstanding { $0.counts }
      count {
        $0.lateReplies = counts.late
        $0.unexpectedReplies = counts.unexpected
      }
      strayReplies.log(
        .debug, "a reply was dropped: no request waits for it", to: logger,
        metadata: [LogKey.messageID: "\(id)", LogKey.messageType: "\(message.header.messageType)"])
    }
  }

  /// The id of the request a coalesced reply answers; `nil` for other replies. The parent header names the request of
  /// one engine only.
  private static func coalescedID(_ message: Message) throws(WireError) -> String? {
    let metadata = try message.metadata()
    guard metadata["is_coalescing"]?.boolValue == true else { return nil }
    return metadata["original_msg_id"]?.stringValue
  }

  /// Receives messages, verifies them and passes them to a closure.
  private func receive(
    _ socket: SharedSocket, _ channel: String, limit: Int = batch, _ handle: (Message) throws(WireError) -> Void
  ) {
    drain(socket, channel, limit: limit) { () throws(WireError) in
      try handle(try self.session.take(&self.incoming))
    }
  }

  /// Receives messages into `incoming`, up to a limit, and calls a closure for each. Messages for which it throws are
  /// counted, logged and dropped.
  func drain(_ socket: SharedSocket, _ channel: String, limit: Int = batch, _ handle: () throws(WireError) -> Void) {
    for _ in 0..<limit {
      do {
        guard try socket.receive(into: &incoming) else { return }
        hasHeard = true
      } catch {
        receiveFailures.log(
          .error, "receiving failed", to: logger, metadata: [LogKey.channel: "\(channel)", LogKey.reason: "\(error)"])
        return
      }
      do {
        try handle()
      } catch {
        refuse(error, channel)
      }
    }
  }

  /// Counts and logs a refused message.
  private func refuse(_ error: WireError, _ channel: String) {
    count { $0.refused.count(error) }
    rejections[channel, default: RejectionLog()].log(
      error, to: logger, metadata: [LogKey.channel: "\(channel)"])
  }
}

import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

extension Connection {
  /// Takes the replies that are there, up to a batch.
  func receiveReplies(_ socket: SharedSocket, _ channel: RequestChannel) {
    receive(socket, channel.rawValue) { (message) throws(WireError) in
      if channel == .broadcast, let id = try Self.coalescedID(message) { return try self.deliver(message, to: id) }
      guard let id = try message.parentID() else {
        throw WireError(.malformedJSON, "a \(message.header.messageType) without parent")
      }
      try self.deliver(message, to: id)
    }
  }

  /// Takes the hub's notifications.
  func receiveNotifications(_ socket: SharedSocket) {
    receive(socket, "notification") { (message) throws(WireError) in
      let content = try message.content()
      switch message.header.messageType {
      case MessageType.registrationNotification:
        guard let id = content["id"]?.intValue, let uuid = content["uuid"]?.stringValue else {
          throw WireError(.malformedJSON, "a registration without id or uuid")
        }
        self.register([id: uuid])
      case MessageType.unregistrationNotification:
        guard let id = content["id"]?.intValue else { throw WireError(.malformedJSON, "an unregistration without id") }
        // A result that the engine sent before it died may be here already.
        for channel in [RequestChannel.mux, .broadcast, .control] {
          if let socket = self.sockets[channel] { self.receiveReplies(socket, channel) }
        }
        self.unregister(id)
      case MessageType.shutdownNotification:
        self.tearDown(ClientError(.closed, "the controller has shut down"))
      default:
        throw WireError(.unknown, "a notification of type \(message.header.messageType)")
      }
    }
  }

  /// Notes engines that are there.
  nonisolated func register(_ engines: [Int: String]) {
    let watchers = directory.withLock { state in
      var changed = false
      for (id, uuid) in engines where state.engines.register(id: id, uuid: uuid) { changed = true }
      return changed ? Array(state.watchers.values) : []
    }
    for watcher in watchers { watcher.yield() }
  }

  /// Notes that an engine is gone and fails what was with it.
  func unregister(_ id: Int) {
    let (gone, watchers) = directory.withLock { state in
      (state.engines.unregister(id: id), Array(state.watchers.values))
    }
    guard let gone else { return }
    for stranded in outbox.withOutstanding({ $0.engineDied(gone) }) {
      stranded.context.fail(EngineError(engineID: gone.id, engineUUID: gone.uuid, msgID: stranded.id))
    }
    for watcher in watchers { watcher.yield() }
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
        .debug, "a reply to no outstanding request", to: logger,
        metadata: [LogKey.messageID: "\(id)", LogKey.messageType: "\(message.header.messageType)"])
    }
  }

  /// The request behind a coalesced reply, whose parent is that of one engine.
  private static func coalescedID(_ message: Message) throws(WireError) -> String? {
    let metadata = try message.metadata()
    guard metadata["is_coalescing"]?.boolValue == true else { return nil }
    return metadata["original_msg_id"]?.stringValue
  }

  /// Takes messages off a socket, checks them and hands them on.
  private func receive(_ socket: SharedSocket, _ channel: String, _ handle: (Message) throws(WireError) -> Void) {
    drain(socket, channel) { () throws(WireError) in try handle(try self.session.take(&self.incoming)) }
  }

  /// Takes messages off a socket, up to a batch, and calls a closure for each; what is wrong is counted, logged and
  /// dropped.
  func drain(_ socket: SharedSocket, _ channel: String, _ handle: () throws(WireError) -> Void) {
    for _ in 0..<Self.batch {
      do {
        guard try socket.receive(into: &incoming) else { return }
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

  /// Counts and logs a message that is dropped.
  private func refuse(_ error: WireError, _ channel: String) {
    count { $0.refused.count(error) }
    rejections[channel, default: RejectionLog()].log(
      error, to: logger, metadata: [LogKey.channel: "\(channel)"])
  }
}

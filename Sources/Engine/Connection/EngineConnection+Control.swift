import Logging
import MartletWire
import MartletZeroMQ

extension EngineConnection {
  /// The most messages one callback takes, so that the loop's other sources get their turn.
  private static let batch = 64

  /// Receives control requests.
  func readControl() {
    do {
      for _ in 0..<Self.batch {
        guard try sockets?.control.receive(into: &incoming) ?? false else { return }
        acceptControl()
      }
    } catch {
      receivingFailed(error, channel: .control)
    }
  }

  /// Logs a message that was dropped or a failure to receive.
  func receivingFailed(_ error: any Error, channel: Request.Channel) {
    if let error = error as? WireError { return reject(error, channel: channel.rawValue) }
    receiveFailures.log(
      .error, "receiving failed", to: logger,
      metadata: [LogKey.reason: "\(error)", LogKey.channel: "\(channel.rawValue)"])
  }

  private func acceptControl() {
    do throws(WireError) {
      let message = try verifier.take(&incoming)
      try handleControl(
        Request(message: message, metadata: try RequestMetadata(message.metadataBytes), channel: .control))
    } catch {
      reject(error, channel: Request.Channel.control.rawValue)
    }
  }

  private func handleControl(_ request: Request) throws(WireError) {
    switch request.type {
    case MessageType.abortRequest:
      let content = try request.message.content()
      let named = try Self.abortedIDs(content)
      guard let receiver, let writer else { return }
      // Swift clients say whether they mean waiting requests only. ipyparallel's clients don't know the field.
      let grace = try content["stop_grace"].flatMap { (json) throws(WireError) in
        try TaskTimeLimit.time(json, "stop_grace of an abort_request")
      }
      let ids = content["running"]?.boolValue ?? true ? stopRunning(named, grace: grace) : named
      let aborted = receiver.abort(ids)
      for request in aborted { sender.answer(request, writer.aborted(request)) }
      if let ids, aborted.count < ids.count { awaitAborted() }
      answer(request, content: ["status": "ok"])
    case MessageType.clearRequest: _ = mailbox.addNext(request)
    case MessageType.leaseRequest: try renewNames(request)
    case MessageType.signalRequest: try handleSignal(request)
    case MessageType.shutdownRequest:
      let options = try request.message.content()
      if options["if_unused"]?.boolValue ?? false, !isUnused { return answer(request, content: Self.inUse) }
      let restart = options["restart"]?.boolValue ?? false
      let content: JSONValue = ["status": "ok", "restart": .bool(restart)]
      answer(request, content: content)
      // The controller takes what is published for the engine's departure.
      if options["graceful"]?.boolValue ?? false { return retire() }
      sender.publish("shutdown_reply", topic: "shutdown", content: content.bytes.array, parent: request)
      leave(.shutdown)
    case MessageType.reregisterRequest: registrationAsked()
    case MessageType.kernelInfoRequest:
      answer(request, content: KernelInfo.content(hasPython: pythonWorker != nil))
    default:
      reject(WireError(.unknown, "message type \(request.type)"), channel: request.channel.rawValue)
      if let writer { sender.refuseUnknown(request, writer) }
    }
  }

  /// Whether the engine has nothing to do, and nothing that clients have left with it.
  private var isUnused: Bool {
    receiver?.receive()
    return mailbox.isIdle && beside.isIdle && !(namespace?.withState(\.mayHoldValues) ?? false)
      && engineContext?.attachments.isEmpty ?? true
  }

  private static let inUse: JSONValue = [
    "status": "error", "ename": "EngineInUse",
    "evalue": "the engine has something to do, or values that clients have left with it", "traceback": [],
  ]

  /// An abort may overtake the requests it names. A busy worker does not receive them, so the I/O loop receives for a
  /// while.
  private func awaitAborted() {
    let isWaiting = abortedUntil != nil
    abortedUntil = .now + Self.abortPatience
    if !isWaiting { receiveAborted() }
  }

  private func receiveAborted() {
    guard let receiver, let end = abortedUntil, .now < end else {
      abortedUntil = nil
      return
    }
    receiver.receive()
    _ = loop.schedule(at: .now + Self.abortInterval) { [weak self] in self?.assumeIsolated { $0.receiveAborted() } }
  }

  private static let abortPatience = Duration.seconds(1)
  private static let abortInterval = Duration.milliseconds(10)

  /// The ids in an `abort_request`: a list or a single string; `nil` for all waiting requests.
  private static func abortedIDs(_ content: JSONValue) throws(WireError) -> [String]? {
    switch content["msg_ids"] {
    case nil, .null: return nil
    case .string(let id): return id.isEmpty ? nil : [id]
    case .array(let values):
      let ids = values.compactMap(\.stringValue)
      guard ids.count == values.count else {
        throw WireError(.malformedJSON, "msg_ids of an abort_request has an element that is not a string")
      }
      return ids.isEmpty ? nil : ids
    default: throw WireError(.malformedJSON, "msg_ids of an abort_request is not a list")
    }
  }

  func answer(_ request: Request, content: JSONValue) {
    guard let origin else { return }
    sender.answer(request, Reply(content: content.bytes.array, metadata: origin.metadata))
  }
}

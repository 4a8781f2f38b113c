import Logging
import MartletWire
import MartletZeroMQ

extension EngineDriver {
  /// The most messages one look at the socket takes, so that it does not starve the loop's other sources.
  private static let batch = 64

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

  /// Notes a message that was dropped, or that none could be received.
  func receivingFailed(_ error: any Error, channel: Request.Channel) {
    if let error = error as? WireError { return reject(error, channel: channel.rawValue) }
    logger.error("receiving failed", metadata: [LogKey.reason: "\(error)", LogKey.channel: "\(channel.rawValue)"])
  }

  private func acceptControl() {
    do throws(WireError) {
      let message = try session.take(&incoming)
      try handleControl(
        Request(message: message, metadata: try RequestMetadata(message.metadataBytes), channel: .control))
    } catch {
      reject(error, channel: Request.Channel.control.rawValue)
    }
  }

  private func handleControl(_ request: Request) throws(WireError) {
    switch request.type {
    case MessageType.abortRequest:
      let ids = try Self.abortedIDs(try request.message.content())
      guard let inlet, let writer else { return }
      let aborted = inlet.abort(ids)
      for request in aborted { outlet.answer(request, writer.aborted(request)) }
      if let ids, aborted.count < ids.count { awaitAborted() }
      answer(request, content: ["status": "ok"])
    case MessageType.clearRequest: _ = desk.addNext(request)
    case MessageType.shutdownRequest:
      let restart = try request.message.content()["restart"]?.boolValue ?? false
      let content: JSONValue = ["status": "ok", "restart": .bool(restart)]
      answer(request, content: content)
      outlet.publish("shutdown_reply", topic: "shutdown", content: content.bytes.array, parent: request)
      leave(.shutdown)
    case MessageType.kernelInfoRequest:
      answer(request, content: KernelInfo.content)
    default:
      reject(WireError(.unknown, "message type \(request.type)"), channel: request.channel.rawValue)
      if let writer { outlet.refuseUnknown(request, writer) }
    }
  }

  /// An abort may overtake the requests it names. A worker that is busy does not receive them, so this loop does for a
  /// while.
  private func awaitAborted() {
    let isWaiting = abortedUntil != nil
    abortedUntil = .now + Self.abortPatience
    if !isWaiting { receiveAborted() }
  }

  private func receiveAborted() {
    guard let inlet, let end = abortedUntil, .now < end else {
      abortedUntil = nil
      return
    }
    inlet.receive()
    _ = loop.schedule(at: .now + Self.abortInterval) { [weak self] in self?.assumeIsolated { $0.receiveAborted() } }
  }

  private static let abortPatience = Duration.seconds(1)
  private static let abortInterval = Duration.milliseconds(10)

  // MARK: - Tasks behind a long one

  /// Looks after the worker from when it begins until it is idle: tasks that wait for as long as the controller says
  /// behind the same request are returned to it.
  func watchWorker(_ patience: Duration) {
    desk.watch { [weak self] in self?.onLoop { $0.watchWorker(patience, after: patience, seen: nil) } }
  }

  private func watchWorker(_ patience: Duration, after wait: Duration, seen: Int?) {
    guard let running = desk.runningNumber() else { return }
    let isLong = running == seen
    if isLong { returnTasks() }
    // Ever less often while one request runs: few tasks come, as the controller knows of it.
    let next = isLong ? min(wait * 2, Self.longestWatch) : patience
    _ = loop.schedule(at: .now + next) { [weak self] in
      self?.assumeIsolated { $0.watchWorker(patience, after: next, seen: running) }
    }
  }

  private static let longestWatch = Duration.seconds(1)

  /// The latest first: the scheduler puts each before all others.
  private func returnTasks() {
    guard let inlet, let writer else { return }
    for task in inlet.withdrawTasks().reversed() { outlet.giveBack(task, writer.returned(task)) }
  }

  /// The ids of an `abort_request`: a list, or one as text; nil for all requests that wait.
  private static func abortedIDs(_ content: JSONValue) throws(WireError) -> [String]? {
    switch content["msg_ids"] {
    case nil, .null: return nil
    case .string(let id): return id.isEmpty ? nil : [id]
    case .array(let values):
      let ids = values.compactMap(\.stringValue)
      guard ids.count == values.count else {
        throw WireError(.malformedJSON, "msg_ids of an abort_request are no texts")
      }
      return ids.isEmpty ? nil : ids
    default: throw WireError(.malformedJSON, "msg_ids of an abort_request are no list")
    }
  }

  private func answer(_ request: Request, content: JSONValue) {
    guard let identity else { return }
    outlet.answer(request, Reply(content: content.bytes.array, metadata: identity.metadata))
  }
}

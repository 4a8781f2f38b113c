import MartletWire
import MartletZeroMQ
import Synchronization

extension Client {
  /// Sends a query to the hub and waits for the answer.
  ///
  /// - Throws: ``ClientError/Code/timeout``, ``ClientError/Code/hubError``, ``ClientError/Code/closed``.
  func query(_ type: String, content: JSONValue = [:], timeout: Duration? = nil) async throws -> TaskReply {
    let state = ResultState(total: 1, method: type)
    let id = send(type, on: .query, content: content, to: nil, state: state, slot: 0)
    let timeout = timeout ?? configuration.queryTimeout
    do {
      try await withTimeout(timeout) {
        try await state.wait(for: .all)
      } onTimeout: {
        ClientError(.timeout, "the hub did not answer the \(type) within \(timeout)")
      }
    } catch {
      connection.outbox.withOutstanding { $0.giveUp(id) }
      throw error
    }
    guard let reply = try state.storage.withLock({ try $0.tasks[0].outcome?.get() }) else { throw ClientError.closed }
    guard reply.status == "ok" else {
      let error = reply.failure(id: id, method: type, engineID: engineID)
      throw ClientError(.hubError, "the hub refuses: \(error.map { "\($0)" } ?? reply.status)", underlying: error)
    }
    return reply
  }

  /// Sends a control request to engines.
  func control(_ type: String, content: @Sendable (EngineIdentity) -> JSONValue, to engines: [EngineIdentity])
    -> AsyncResult<Void>
  {
    let state = ResultState(total: engines.count, method: type)
    for (slot, engine) in engines.enumerated() {
      send(type, on: .control, content: content(engine), to: engine, state: state, slot: slot)
    }
    return AsyncResult(client: self, state: state, shape: .nothing)
  }

  /// Sends abort requests for tasks that are not done, without waiting for the engines' answers.
  func abort(_ tasks: [ResultState.TaskRecord]) {
    guard !tasks.isEmpty, !isClosed else { return }
    let everywhere = tasks.filter(\.engines.isEmpty).map(\.id)
    var byEngine: [EngineIdentity: [String]] = [:]
    for task in tasks {
      for engine in task.engines { byEngine[engine, default: []] += [task.id, "\(task.id)_\(engine.uuid)"] }
    }
    if !everywhere.isEmpty {
      for engine in engines { byEngine[engine, default: []] += everywhere }
    }
    let ids = byEngine
    _ = control(
      MessageType.abortRequest,
      content: { engine in ["msg_ids": .array((ids[engine] ?? []).map { .string($0) })] }, to: Array(ids.keys))
  }

  @discardableResult
  private func send(
    _ type: String, on channel: RequestChannel, content: JSONValue, to engine: EngineIdentity?, state: ResultState,
    slot: Int
  ) -> String {
    let id = messageIDs.next()
    let engines = engine.map { [$0] } ?? []
    guard state.begin(slot, id: id, engines: engines, outputs: 0) else { return id }
    var text: [UInt8] = []
    content.write(into: &text)
    connection.submit(
      Request(
        channel: channel, type: type, id: id, target: engine?.frame, content: text,
        expected: [
          ExpectedReply(
            id: id, engines: engines, destination: Destination(state: state, slot: slot))
        ]))
    return id
  }
}

import MartletWire
import MartletZeroMQ
import Synchronization

extension Client {
  /// Sends a query to the hub and waits for the answer.
  ///
  /// - Throws: ``ClientError/Code/timeout``, ``ClientError/Code/hubError``, ``ClientError/Code/closed``.
  func query(_ type: String, content: JSONValue = [:], timeout: Duration? = nil) async throws -> TaskReply {
    let state = ResultState(total: 1, method: type)
    let id = submit(type, on: .query, content: content, to: nil, state: state, slot: 0)
    let timeout = timeout ?? configuration.queryTimeout
    do {
      try await withTimeout(timeout) {
        try await state.wait(for: .all)
      } onTimeout: {
        ClientError(.timeout, "the hub did not answer the \(type) within \(timeout)")
      }
    } catch {
      _ = connection.outbox.withOutstanding { $0.giveUp(id) }
      throw error
    }
    guard let reply = try state.storage.withLock({ try $0.tasks.read(0) { $0.outcome }?.get() }) else {
      throw ClientError.closed
    }
    guard reply.status == "ok" else {
      let error = reply.failure(id: id, method: type, engineID: engineID)
      throw ClientError(.hubError, "the hub refuses: \(error.map { "\($0)" } ?? reply.status)", underlying: error)
    }
    return reply
  }

  /// Sends a control request to engines.
  func control(_ type: String, content: @Sendable (RegisteredEngine) -> JSONValue, to engines: [RegisteredEngine])
    -> AsyncResult<Void>
  {
    let state = ResultState(total: engines.count, method: type)
    for (slot, engine) in engines.enumerated() {
      submit(type, on: .control, content: content(engine), to: engine, state: state, slot: slot)
    }
    return AsyncResult(client: self, state: state, shape: .nothing)
  }

  /// Asks the engines that have unfinished tasks, or may get them from a scheduler, to abort the tasks.
  ///
  /// - Parameter running: whether tasks that run are interrupted, too.
  /// - Returns: the engines' acknowledgements.
  @discardableResult
  func abort(_ tasks: [TaskState], running: Bool, patience: Duration? = nil) -> AsyncResult<Void> {
    var idsByEngine: [RegisteredEngine: [String]] = [:]
    for task in tasks {
      // Engines know a broadcast under an id of their own.
      for engine in task.engines { idsByEngine[engine, default: []] += [task.id, "\(task.id)_\(engine.uuid)"] }
    }
    let scheduled = tasks.filter(\.engines.isEmpty).map(\.id)
    if !scheduled.isEmpty {
      for engine in engines { idsByEngine[engine, default: []] += scheduled }
    }
    return abort(idsByEngine, running: running, patience: patience)
  }

  /// Asks engines to abort requests.
  ///
  /// - Parameters:
  ///   - running: whether requests that run are interrupted, too.
  ///   - patience: how long those may go on; `nil` for as long as they or the engines say.
  /// - Returns: the engines' acknowledgements.
  func abort(
    _ idsByEngine: [RegisteredEngine: [String]], running: Bool, patience: Duration? = nil
  ) -> AsyncResult<Void> {
    control(
      MessageType.abortRequest,
      content: { engine in
        RequestMetadata.abort(idsByEngine[engine] ?? [], running: running, patience: patience)
      },
      to: Array(idsByEngine.keys))
  }

  /// Sends a call to the task scheduler.
  func submit(_ call: Call, metadata: [UInt8], collectsOutput: Bool, state: ResultState, slot: Int) {
    let id = messageIDs.next()
    guard let attempt = state.begin(slot, id: id, engines: [], outputs: collectsOutput ? 1 : 0) else { return }
    connection.send(
      Request(
        channel: .task, type: call.type, id: id,
        metadata: RequestMetadata.of(attempt, metadata, state.trace?.begin(slot..<slot + 1, id: id, attempt: attempt)),
        content: call.content,
        buffers: call.buffers,
        expected: [
          ExpectedReply(
            id: id, engines: [],
            destination: ResultSlot(state: state, slot: slot, collectsOutput: collectsOutput, attempt: attempt))
        ], isRepeatable: true))
  }

  /// Sends a query or a control request.
  @discardableResult
  private func submit(
    _ type: String, on channel: RequestChannel, content: JSONValue, to engine: RegisteredEngine?, state: ResultState,
    slot: Int
  ) -> String {
    let id = messageIDs.next()
    let engines = engine.map { [$0] } ?? []
    guard state.begin(slot, id: id, engines: engines, outputs: 0) != nil else { return id }
    var text: [UInt8] = []
    content.write(into: &text)
    connection.send(
      Request(
        channel: channel, type: type, id: id, target: engine?.frame, content: text,
        expected: [
          ExpectedReply(id: id, engines: engines, destination: ResultSlot(state: state, slot: slot))
        ]))
    return id
  }
}

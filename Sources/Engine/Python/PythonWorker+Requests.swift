import MartletWire
import MartletZeroMQ
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension PythonWorker {
  /// The most messages one callback takes, so that the loop's other sources get their turn.
  private static let batch = 64

  /// Has Python run a request, and publishes what it publishes meanwhile. Returns when it has answered.
  ///
  /// - Parameter executionCount: how often code was executed before; updated.
  func run(
    _ request: Request, _ namespace: Namespace, executionCount: inout Int
  ) throws(PythonFailure) -> PythonReply {
    let countBefore = executionCount
    let reply = try conversation.withLock { (conversation) throws(PythonFailure) -> PythonReply in
      let id = request.message.header.messageID
      conversation.executionCount = countBefore
      try becomeReady(for: id, namespace, &conversation)
      conversation.parent = request.message.headerBytes
      // A message's parts share its memory; later publications need the header only.
      defer { conversation.parent = Bytes(request.message.headerBytes.array) }
      guard let interrupts = shared.withLock({ $0.state.begin(id: id) }) else { throw .leaving }
      do throws(WorkerSocket.Failure) {
        return try converse(.request(request.message, interrupts: interrupts), namespace, &conversation)
      } catch {
        throw failure(handleEnd(error, &conversation))
      }
    }
    if let count = reply.executionCount { executionCount = count }
    return reply
  }

  private func converse(
    _ request: WorkerCommand, _ namespace: Namespace, _ conversation: inout Conversation
  ) throws(WorkerSocket.Failure) -> PythonReply {
    try send(namespace.withState { $0.takeChanges(pythonRuns: true) }, conversation)
    try conversation.socket?.send(request)
    while true {
      switch try receive(&conversation) {
      case .publish(let publication): publish(publication, conversation)
      case .reply(let reply):
        shared.withLock { $0.state.finish() }
        return reply
      case .ready, .failed, .values: throw .broken(WorkerProtocolError("an answer that was not asked for"))
      }
    }
  }

  /// Asks Python for the value of a name; waits while it runs something.
  ///
  /// - Returns: `nil` if the name has no value.
  /// - Throws: the error that says why Swift can't have the value.
  func value(of name: String, in namespace: Namespace) throws(RaisedError) -> PickleValue? {
    try conversation.withLock { (conversation) throws(RaisedError) -> PickleValue? in
      do throws(PythonFailure) {
        try becomeReady(for: nil, namespace, &conversation)
      } catch {
        // Names are Swift's again if no Python can be used.
        if case .unavailable = error, !namespace.isPythons { return try namespace.lookUp(name) }
        throw error.raised
      }
      let result: Result<PickleValue?, RaisedError>
      do throws(WorkerSocket.Failure) {
        result = try ask(for: name, namespace, &conversation)
      } catch {
        let failure = self.failure(handleEnd(error, &conversation))
        reportLoss()
        throw failure.raised
      }
      return try result.get()
    }
  }

  private func ask(
    for name: String, _ namespace: Namespace, _ conversation: inout Conversation
  ) throws(WorkerSocket.Failure) -> Result<PickleValue?, RaisedError> {
    try send(namespace.withState { $0.takeChanges(pythonRuns: false) }, conversation)
    try conversation.socket?.send(.get([name]))
    while true {
      switch try receive(&conversation) {
      case .publish(let publication): publish(publication, conversation)
      case .values(let values): return try Self.only(values, name, namespace)
      case .ready, .failed, .reply: throw .broken(WorkerProtocolError("an answer that was not asked for"))
      }
    }
  }

  private static func only(
    _ values: [PythonValue], _ name: String, _ namespace: Namespace
  ) throws(WorkerSocket.Failure) -> Result<PickleValue?, RaisedError> {
    guard values.count == 1, let value = values.first else {
      throw .broken(WorkerProtocolError("\(values.count) values for one name"))
    }
    switch value {
    case .value(let value):
      namespace.withState { $0.found(name, value) }
      return .success(value)
    case .undefined: return .success(nil)
    case .failed(let error): return .failure(error)
    }
  }

  private func receive(_ conversation: inout Conversation) throws(WorkerSocket.Failure) -> WorkerEvent {
    guard let event = try conversation.socket?.receive() else { throw .ended }
    return event
  }

  private func send(_ changes: NamespaceState.Changes, _ conversation: Conversation) throws(WorkerSocket.Failure) {
    if !changes.removed.isEmpty { try conversation.socket?.send(.remove(changes.removed)) }
    if !changes.set.isEmpty { try conversation.socket?.send(.bind(changes.set)) }
  }

  private func publish(_ publication: Publication, _ conversation: Conversation) {
    // Output of the worker's start belongs to no request.
    guard let parent = conversation.parent else { return }
    surroundings.sender.publish(publication, header: parent, after: surroundings.capture)
  }

  // MARK: - Between requests

  /// Handles what Python sends while no request runs: publications of its threads, the end of its start, its end.
  func readIdle(_ namespace: Namespace) {
    conversation.withLock { conversation in
      for _ in 0..<Self.batch {
        guard conversation.socket?.hasInput ?? false else { return }
        do throws(WorkerSocket.Failure) {
          let event = try receive(&conversation)
          if let need = handleIdle(event, namespace, &conversation) { advance(need, namespace, &conversation) }
        } catch {
          advance(handleEnd(error, &conversation), namespace, &conversation)
        }
      }
    }
    reportLoss()
  }

  /// - Returns: what to do next if Python is starting.
  func handleIdle(
    _ event: WorkerEvent, _ namespace: Namespace, _ conversation: inout Conversation
  ) -> PythonWorkerState.Need? {
    switch event {
    case .publish(let publication): publish(publication, conversation)
    case .ready(let version):
      becameReady(version)
      return .go
    case .failed(let reason): return failedToStart(reason, &conversation)
    case .reply, .values:
      return handleEnd(.broken(WorkerProtocolError("an answer that was not asked for")), &conversation)
    }
    return nil
  }

  /// The socket has ended or become useless: ends the process and finds out how it ended.
  func handleEnd(_ failure: WorkerSocket.Failure, _ conversation: inout Conversation) -> PythonWorkerState.Need {
    let process = shared.withLock { shared -> SpawnedProcess? in
      // It is about to end, and may still run its exit handlers.
      if shared.state.phase == .stopping { return nil }
      if case .broken(let error) = failure { shared.state.protocolBroken(error.reason) }
      return shared.process
    }
    guard let process else {
      conversation.watch.end(on: surroundings.workerLoop)
      conversation.socket = nil
      return .leave
    }
    // Does not change how a process ended that is ending already.
    process.signal(SIGKILL, toGroup: true)
    let exit = process.wait()
    conversation.watch.end(on: surroundings.workerLoop)
    conversation.socket = nil
    return shared.withLock { shared in
      switch shared.state.exited(exit) {
      case .candidateFailed:
        let reason =
          if case .broken(let error) = failure { error.reason } else { "it ended at the start: \(exit.description)" }
        let wasKilled = if case .signalled = exit { true } else { false }
        return shared.state.startFailed(reason, wasKilled: wasKilled, now: .now)
      case .expected: return .leave
      case .lost(let loss): return .lost(loss)
      }
    }
  }

  private func failure(_ need: PythonWorkerState.Need) -> PythonFailure {
    if case .lost(let loss) = need { .lost(describe(loss)) } else { .leaving }
  }
}

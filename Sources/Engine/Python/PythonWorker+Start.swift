import Logging
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
  /// Starts Python without waiting for it; must run on the engine's worker thread.
  func startEarly(_ namespace: Namespace) {
    conversation.withLock { conversation in
      let need = shared.withLock { $0.state.need(id: nil, now: .now) }
      advance(need, namespace, &conversation)
    }
  }

  /// Waits until Python can take a request, starting it if it isn't running.
  func becomeReady(
    for id: String?, _ namespace: Namespace, _ conversation: inout Conversation
  ) throws(PythonFailure) {
    var need = shared.withLock { $0.state.need(id: id, now: .now) }
    while true {
      switch need {
      case .go: return
      case .start(let candidate): need = start(candidate, namespace, &conversation)
      case .wait: need = receiveAtStart(namespace, &conversation)
      case .refuse, .interrupted, .lost, .leave: throw giveUp(need, namespace)
      }
    }
  }

  /// Goes on with a start that nobody waits for, until the next message of the process.
  func advance(_ need: PythonWorkerState.Need, _ namespace: Namespace, _ conversation: inout Conversation) {
    var need = need
    while true {
      switch need {
      case .start(let candidate): need = start(candidate, namespace, &conversation)
      case .go, .wait: return
      case .refuse, .interrupted, .lost, .leave:
        _ = giveUp(need, namespace)
        return
      }
    }
  }

  private func giveUp(_ need: PythonWorkerState.Need, _ namespace: Namespace) -> PythonFailure {
    switch need {
    case .refuse(let error):
      if namespace.withState({ $0.pythonFailed() }) {
        surroundings.logger.warning("no usable Python", metadata: [LogKey.reason: "\(error)"])
      }
      if configuration.start == .eager {
        surroundings.onLoss("Python, which was to start with the engine, can't be used: \(error)")
      }
      return .unavailable(error)
    case .interrupted:
      _ = namespace.withState { $0.pythonFailed() }
      return .interrupted
    case .lost(let loss): return .lost(describe(loss))
    case .leave, .go, .wait, .start: return .leaving
    }
  }

  /// Starts an interpreter and sends it the worker's code.
  private func start(
    _ candidate: PythonCandidate, _ namespace: Namespace, _ conversation: inout Conversation
  ) -> PythonWorkerState.Need {
    let path = candidate.path ?? ""
    surroundings.logger.debug("starting Python", metadata: [LogKey.python: "\(candidate.description)"])
    do throws(ZeroMQError) {
      let (stream, childEnd) = try StreamSocket.pair()
      let process = try SpawnedProcess(
        path, ["-c", PythonSources.bootstrap],
        descriptors: [childEnd.descriptor, surroundings.output, surroundings.errors])
      withExtendedLifetime(childEnd) {}
      let isWanted = shared.withLock { shared in
        shared.process = process
        shared.stream = stream
        return shared.state.phase == .starting
      }
      if !isWanted { process.signal(SIGKILL) }
      conversation.socket = WorkerSocket(stream)
      conversation.watch = PythonWatch()
      namespace.withState { $0.pythonStarts() }
      try waitForEnd(of: process, stream)
      let socket = conversation.socket
      do throws(WorkerSocket.Failure) {
        try socket?.send(.sources(PythonSources.modules))
        try socket?.send(
          .start(
            engineID: surroundings.number.current, engineUUID: surroundings.engineUUID,
            configuration: configuration, nextExecution: conversation.executionCount + 1))
      } catch {
        // It has ended already; reading says how.
      }
      conversation.watch.begin(stream, on: surroundings.workerLoop) { [weak self, weak namespace] in
        if let self, let namespace { self.readIdle(namespace) }
      }
      return .wait
    } catch {
      return shared.withLock { $0.state.startFailed(error.description, now: .now) }
    }
  }

  /// Waits for the end of the process on a thread of its own: a process that a task has forked may keep the socket open.
  private func waitForEnd(of process: SpawnedProcess, _ stream: StreamSocket) throws(ZeroMQError) {
    let loop = try EventLoop(name: "engine-python")
    do {
      try loop.start()
      try loop.execute {
        _ = process.wait()
        // Whoever waits for a message gets those that were sent, and then the end.
        stream.end()
        self.hasEnded(process)
      }
    } catch {
      process.signal(SIGKILL, toGroup: true)
    }
    loop.stop()
  }

  /// Waits for the answer of an interpreter that was started.
  private func receiveAtStart(
    _ namespace: Namespace, _ conversation: inout Conversation
  ) -> PythonWorkerState.Need {
    do throws(WorkerSocket.Failure) {
      guard let event = try conversation.socket?.receive() else { return .leave }
      return handleIdle(event, namespace, &conversation) ?? .wait
    } catch {
      return handleEnd(error, &conversation)
    }
  }

  /// Python has said that it is ready.
  func becameReady(_ version: PythonVersion) {
    shared.withLock { $0.state.ready() }
    surroundings.logger.info(
      "Python is ready", metadata: [LogKey.python: "\(version.executable)", LogKey.version: "\(version.version)"])
  }

  /// The interpreter that was started can't be used: ends it and goes on with the next.
  func failedToStart(_ reason: String, _ conversation: inout Conversation) -> PythonWorkerState.Need {
    kill()
    conversation.watch.end(on: surroundings.workerLoop)
    conversation.socket = nil
    return shared.withLock { $0.state.startFailed(reason, now: .now) }
  }
}

import MartletWire
import MartletZeroMQ

/// Runs the requests of the shell channel, in a ``RunnerTask``: one at a time, but for those that may run beside others.
struct RequestRunner: Sendable {
  let mailbox: RequestMailbox<Request>
  let apply: ApplyRunner
  let execute: ExecuteRunner
  let namespace: Namespace
  let writer: ReplyWriter
  let capture: OutputCapture<Bytes>?
  let sender: ReplySender
  /// Says whether tasks may begin.
  var lease = SharedTaskLease()
  /// Gets the requests that a failure aborts; `nil` for a runner without a socket.
  var receiver: ShellReceiver?
  /// `nil` if clients may not run Python code.
  var python: PythonWorker?
  /// Stops requests that run for too long; `nil` for a runner without a loop.
  var stopper: RequestStopper?
  /// Counts the requests; `nil` if nobody wants to know.
  var count: RequestCount?
  /// The request that functions ask about.
  var running = RunningRequest()
  /// What runs several requests at once; `nil` if no function allows it.
  var beside: Beside?

  /// What runs requests beside one another, and the thread on which they do.
  struct Beside: Sendable {
    let requests: ConcurrentRequests
    let worker: WorkerThread
  }

  /// A request larger than this, in bytes, is not kept while the runner is idle.
  private static let retainedSize = 65_536

  /// What has become of a request.
  struct Outcome: Sendable {
    let reply: Reply
    /// To be published before the reply.
    var publications: [Publication] = []
    var isError = false
  }

  /// What a runner leaves to the one that goes on.
  struct Handover: Sendable {
    /// How often code was executed.
    var executionCount = 0
    /// The request to run first.
    var next: Request?
    var isFirst = true
  }

  /// Runs requests until the mailbox is closed, Python and with it the namespace is gone, or a request was told to stop, and
  /// with it the task in which it ran.
  ///
  /// - Returns: what another task has to go on with; `nil` at the end.
  nonisolated(nonsending) func run(_ start: Handover = Handover()) async -> Handover? {
    var executionCount = start.executionCount
    var first = start.next
    var hasStartedBeside = false
    // The program has installed its tracer by now, if it has one.
    let tracing = TracingBackend.current
    if start.isFirst, let python { prepare(python) }
    while true {
      var taken = first.take()
      if taken == nil { taken = await mailbox.next() }
      guard var current = taken else { return nil }
      while true {
        if !mayBegin(current) {
          await giveBack(current)
          guard let next = mailbox.finish() else { break }
          current = next
          continue
        }
        if let beside {
          if await startsBeside(current, beside, tracing) {
            hasStartedBeside = true
            guard let next = mailbox.finish() else { break }
            current = next
            continue
          }
          // A request was told to stop before it ran beside others, and with it this task.
          if hasStartedBeside, Task.isCancelled, !current.stage.isStopped {
            return Handover(executionCount: executionCount, next: current, isFirst: false)
          }
        }
        count?.begin()
        sender.begin(current)
        capture?.begin(current.message.headerBytes)
        let outcome = await perform(current, &executionCount, tracing)
        if let kept = current.metadata.keep, outcome?.isError == false { apply.leases.keep(kept) }
        // An engine that is leaving gives no answer; the controller does.
        guard let outcome else { return nil }
        let end = current.stage.end()
        if end == .abandoned { return nil }
        // What the client sends once it has the reply is not among them.
        let aborted = outcome.isError && Self.stopsOthers(current) ? receiver?.abort(ofSession: current.session) : nil
        capture?.flush()
        sender.publishLastProgress(of: current)
        sender.finish(current, outcome.reply, outcome.publications, capture)
        if let python, python.reportLoss() { return nil }
        for request in aborted ?? [] { sender.answer(request, writer.aborted(request)) }
        let next = mailbox.finish()
        if end != .answer { return Handover(executionCount: executionCount, next: next, isFirst: false) }
        guard let next else { break }
        current = next
      }
      // Output that comes later still belongs to this request. The header shares the memory of the whole message.
      if let capture, current.message.totalSize > Self.retainedSize {
        capture.begin(Bytes(current.message.headerBytes.array))
      }
    }
  }

  /// Code that runs at Python's start may set names that requests ask for.
  private func prepare(_ python: PythonWorker) {
    if python.configuration.startsEarly {
      python.startEarly(namespace)
    } else if !python.configuration.startup.profileFiles.isEmpty {
      namespace.withState { $0.pythonStarts() }
    }
  }

  /// Whether a request may begin here: a task may be another engine's by now, or have waited until too little time was left.
  private func mayBegin(_ request: Request) -> Bool {
    lease.holds && request.metadata.timeRequest.map { lease.covers($0) } ?? true || !request.isTask
  }

  /// Returns a task that must not begin here, and those behind it. The scheduler may send them here again at
  /// once, so this takes a while.
  nonisolated(nonsending) private func giveBack(_ task: Request) async {
    guard let receiver else { return }
    receiver.readmit([task])
    sender.giveBack([task] + receiver.withdrawTasks(), writer)
    try? await Task.sleep(for: Self.doubtPause)
  }

  private static let doubtPause = Duration.milliseconds(50)

  /// - Returns: `nil` if the engine is leaving.
  nonisolated(nonsending) private func perform(
    _ request: Request, _ executionCount: inout Int, _ tracing: TracingBackend?
  ) async -> Outcome? {
    guard let trace = tracing.flatMap({ RequestTrace(request, $0) }) else {
      return await perform(request, &executionCount)
    }
    return await trace.run(reply: \.?.reply) { await perform(request, &executionCount) }
  }

  /// - Returns: `nil` if the engine is leaving.
  nonisolated(nonsending) private func perform(_ request: Request, _ executionCount: inout Int) async -> Outcome? {
    let started = Timestamp.now
    request.stage.begin(at: started)
    running.begin(request)
    defer { running.end() }
    if let deadline = request.metadata.deadline, deadline <= started {
      return failure(of: request, started: started, .tooLate(request.id), executionCount: executionCount)
    }
    if let limit = request.metadata.executionTimeout { stopper?.begin(request, limit: limit) }
    defer { if request.metadata.executionTimeout != nil { stopper?.end() } }
    do throws(PythonFailure) {
      let wasPythons = namespace.isPythons
      do throws(PythonFailure) {
        return try await attempt(request, started: started, &executionCount)
      } catch {
        // A start that nobody waited for has failed, so this may be for Swift after all.
        guard case .unavailable = error, wasPythons, !namespace.isPythons else { throw error }
        return try await attempt(request, started: started, &executionCount)
      }
    } catch {
      switch error {
      case .leaving: return nil
      case .unavailable(let unavailable) where request.type == MessageType.applyRequest:
        return failure(of: request, started: started, apply.failure(of: try? request.head(), unavailable))
      case .unavailable, .interrupted, .lost:
        return failure(of: request, started: started, error.raised, executionCount: executionCount)
      }
    }
  }

  nonisolated(nonsending) private func attempt(
    _ request: Request, started: Timestamp, _ executionCount: inout Int
  ) async throws(PythonFailure) -> Outcome {
    switch request.type {
    case MessageType.applyRequest:
      let result: [Bytes]?
      do throws(RaisedError) {
        result = try await apply.run(request.head())
      } catch {
        guard error == .cancelled else { return failure(of: request, started: started, error) }
        if let stopped = request.stopped { return failure(of: request, started: started, stopped) }
        if Task.isCancelled { throw .leaving }
        return failure(of: request, started: started, error)
      }
      if let result { return Outcome(reply: writer.ok(request, started: started, buffers: result)) }
    case MessageType.executeRequest:
      if python == nil || isForSwift(request) { return run(execute: request, started: started, &executionCount) }
    case MessageType.clearRequest:
      namespace.clear()
      apply.leases.forgetAll()
      if !namespace.isPythons {
        return Outcome(reply: writer.reply(request, started: started, content: ["status": "ok"]))
      }
    case MessageType.kernelInfoRequest:
      return Outcome(
        reply: writer.reply(request, started: started, content: KernelInfo.content(hasPython: python != nil)))
    default: break
    }
    guard let python else { return failure(of: request, started: started, .unknown(request.type)) }
    // Whoever told it to stop did not find it in Python.
    if let stopped = request.stopped { return failure(of: request, started: started, stopped) }
    if request.method != nil, !request.isTask || request.metadata.keep != nil {
      namespace.withState { $0.pythonMayKeepValues() }
    }
    let reply = try python.run(request, namespace, executionCount: &executionCount)
    if request.stage.stop == .timedOut, reply.isInterrupted, let stopped = request.stopped {
      return failure(of: request, started: started, stopped, executionCount: executionCount)
    }
    return Outcome(reply: writer.python(request, started: started, reply), isError: reply.status == .error)
  }

  func failure(
    of request: Request, started: Timestamp, _ error: RaisedError, after publications: [Publication] = [],
    executionCount: Int = 0
  ) -> Outcome {
    let isExecution = request.type == MessageType.executeRequest
    let method = request.method
    let extra: [String: JSONValue] =
      isExecution ? ["execution_count": .int(executionCount), "payload": [], "user_expressions": [:]] : [:]
    let reply = writer.failed(request, started: started, error: error, method: method, extra: extra)
    guard method != nil else { return Outcome(reply: reply, isError: true) }
    return Outcome(
      reply: reply, publications: publications + [publication(MessageType.error, writer.errorContent(error))],
      isError: true)
  }
}

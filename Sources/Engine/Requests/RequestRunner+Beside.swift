import MartletWire
import MartletZeroMQ

/// Requests that run beside one another, because their function says that several of its calls may, or because engines wait
/// for them.
extension RequestRunner {
  /// Starts a request beside those that run if its function allows it, when there is a slot for it; else waits until none of
  /// them runs any more.
  ///
  /// - Returns: whether the request was started, or will be answered.
  nonisolated(nonsending) func startsBeside(
    _ request: Request, _ beside: Beside, _ tracing: TracingBackend?
  ) async -> Bool {
    if let function = apply.concurrentFunction(of: request) {
      await beside.requests.wait(for: .slot(of: function.name, limit: function.concurrency))
      count?.begin()
      start(request, of: function.name, beside, tracing)
      return true
    }
    if request.type == MessageType.kernelInfoRequest, !beside.requests.isIdle {
      // The scheduler asks so whether what it sent before is there. Others needn't wait for the answer.
      beside.requests.afterRunning { [self] in
        let content = KernelInfo.content(hasPython: python != nil)
        sender.answer(request, writer.reply(request, started: .now, content: content))
      }
      return true
    }
    await beside.requests.wait(for: .quiet)
    return false
  }

  /// Starts a call of an actor that code on an engine waits for, beside whatever runs here: it gets its turn when that waits.
  ///
  /// - Parameter context: the engine's.
  /// - Returns: false if the request is to take its place in the queue.
  func startsNested(_ request: Request, in context: EngineContext) -> Bool {
    guard let beside, let type = apply.actorType(of: request), beside.requests.count < ConcurrencyLimit.value else {
      return false
    }
    guard request.metadata.nesting <= Self.deepestNesting else {
      let error = RaisedError(
        "RecursionError",
        "\(type.name): \(Self.deepestNesting) calls on engines wait for this one; do they call each other?")
      sender.answer(request, writer.failed(request, started: .now, error: error, method: request.method))
      return true
    }
    count?.begin()
    EngineContext.$engine.withValue(context) {
      PickleDecoder.$userInfo.withValue(apply.functions.decodingInfo(on: context)) {
        start(request, of: type.name, beside, .current)
      }
    }
    return true
  }

  /// The most calls on engines that may wait for another.
  private static let deepestNesting = 256

  private func start(_ request: Request, of function: String, _ beside: Beside, _ tracing: TracingBackend?) {
    let executor = BesideExecutor(
      beside.worker, owner: request.message.headerBytes, capture: capture, sender: sender)
    let context = EngineContext.engine?.beside(request)
    beside.requests.start(request, of: function, on: executor) { [self] in
      sender.beginBeside(request)
      let answer = await EngineContext.$engine.withValue(context) { await reply(to: request, tracing) }
      // An engine that is leaving gives no answer; the controller does.
      guard request.stage.end() != .abandoned, let answer else { return }
      sender.publishLastProgress(of: request)
      capture?.flush()
      sender.finish(request, answer, [], capture)
    }
  }

  /// - Returns: `nil` if the request was cancelled because the engine is leaving.
  nonisolated(nonsending) private func reply(to request: Request, _ tracing: TracingBackend?) async -> Reply? {
    guard let trace = tracing.flatMap({ RequestTrace(request, $0) }) else { return await reply(to: request) }
    return await trace.run(reply: \.self) { await reply(to: request) }
  }

  /// - Returns: `nil` if the request was cancelled because the engine is leaving.
  nonisolated(nonsending) private func reply(to request: Request) async -> Reply? {
    let started = Timestamp.now
    request.stage.begin(at: started)
    do throws(RaisedError) {
      if let deadline = request.metadata.deadline, deadline <= started { throw RaisedError.tooLate(request.id) }
      if let stopped = request.stopped { throw stopped }
      if let limit = request.metadata.executionTimeout { stopper?.beginBeside(request, limit: limit) }
      guard let result = try await apply.run(request.head()) else {
        throw RaisedError("TypeError", "an argument is of a kind that Swift functions can't read")
      }
      return writer.ok(request, started: started, buffers: result)
    } catch {
      let raised = error == .cancelled ? request.stopped ?? error : error
      if raised == .cancelled, Task.isCancelled { return nil }
      return writer.failed(request, started: started, error: raised, method: request.method)
    }
  }
}

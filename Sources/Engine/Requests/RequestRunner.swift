import MartletWire
import MartletZeroMQ

/// Runs the requests of the shell channel one at a time, in one task that lives as long as the engine.
struct RequestRunner: Sendable {
  let mailbox: RequestMailbox<Request>
  let apply: ApplyRunner
  let execute: ExecuteRunner
  let namespace: Namespace
  let writer: ReplyWriter
  let capture: OutputCapture<Bytes>?
  let sender: ReplySender
  /// `nil` if clients may not run Python code.
  var python: PythonWorker?

  /// A request larger than this, in bytes, is not kept while the runner is idle.
  private static let retainedSize = 65_536

  /// What has become of a request.
  struct Outcome: Sendable {
    let reply: Reply
    /// To be published before the reply.
    var publications: [Publication] = []
  }

  /// Runs requests until the mailbox is closed, or Python and with it the namespace is gone.
  func run() async {
    var executionCount = 0
    if let python, python.configuration.startsEarly { python.startEarly(namespace) }
    while let first = await mailbox.next() {
      var current = first
      while true {
        sender.begin(current)
        capture?.begin(current.message.headerBytes)
        let outcome = await perform(current, &executionCount)
        // An engine that is leaving gives no answer; the controller does.
        guard let outcome else { return }
        capture?.flush()
        sender.finish(current, outcome.reply, outcome.publications, capture)
        if let python, python.reportLoss() { return }
        guard let next = mailbox.finish() else { break }
        current = next
      }
      // Output that comes later still belongs to this request. The header shares the memory of the whole message.
      if let capture, current.message.totalSize > Self.retainedSize {
        capture.begin(Bytes(current.message.headerBytes.array))
      }
    }
  }

  private func perform(_ request: Request, _ executionCount: inout Int) async -> Outcome? {
    let started = Timestamp.now
    switch request.type {
    case MessageType.applyRequest:
      do throws(RaisedError) {
        guard let buffers = try await apply.run(request.message.buffers) else {
          return perform(inPython: request, started: started, &executionCount)
        }
        return Outcome(reply: writer.ok(request, started: started, buffers: buffers))
      } catch {
        return failure(of: request, started: started, error)
      }
    case MessageType.executeRequest: return perform(execute: request, started: started, &executionCount)
    case MessageType.clearRequest: return clear(request, started: started, &executionCount)
    case MessageType.kernelInfoRequest:
      return Outcome(
        reply: writer.reply(request, started: started, content: KernelInfo.content(hasPython: python != nil)))
    default: return perform(inPython: request, started: started, &executionCount)
    }
  }

  private func perform(
    execute request: Request, started: Timestamp, _ executionCount: inout Int
  ) -> Outcome? {
    var publications: [Publication] = []
    do throws(RaisedError) {
      let content = try Self.content(of: request)
      let code = content["code"]?.stringValue
      if python != nil, namespace.isPythons || !isForSwift(content) {
        return perform(inPython: request, started: started, &executionCount)
      }
      guard let code else { throw RaisedError("ValueError", "an execute_request needs 'code', a str") }
      let isSilent = content["silent"]?.boolValue ?? false
      if !isSilent {
        executionCount += 1
        publications.append(
          publication(MessageType.executeInput, ["code": .string(code), "execution_count": .int(executionCount)]))
      }
      if let value = try execute.run(code), !isSilent {
        publications.append(
          publication(
            MessageType.executeResult,
            [
              "execution_count": .int(executionCount), "data": ["text/plain": .string(value.representation)],
              "metadata": [:],
            ]))
      }
      let reply: JSONValue = [
        "status": "ok", "execution_count": .int(executionCount), "payload": [], "user_expressions": [:],
      ]
      return Outcome(
        reply: writer.reply(request, started: started, content: reply), publications: publications)
    } catch {
      return failure(of: request, started: started, error, after: publications, executionCount: executionCount)
    }
  }

  /// Whether code can be run without Python.
  private func isForSwift(_ content: JSONValue) -> Bool {
    guard content["user_expressions"]?.objectValue?.isEmpty ?? true, let code = content["code"]?.stringValue else {
      return false
    }
    return execute.canRun(code)
  }

  private func clear(_ request: Request, started: Timestamp, _ executionCount: inout Int) -> Outcome? {
    namespace.clear()
    // A control request that waited for its turn like one for the shell.
    if namespace.isPythons { return perform(inPython: request, started: started, &executionCount) }
    return Outcome(reply: writer.reply(request, started: started, content: ["status": "ok"]))
  }

  private func perform(
    inPython request: Request, started: Timestamp, _ executionCount: inout Int
  ) -> Outcome? {
    guard let python else { return failure(of: request, started: started, .unknown(request.type)) }
    do throws(PythonFailure) {
      let reply = try python.run(request, namespace, executionCount: &executionCount)
      return Outcome(reply: writer.python(request, started: started, reply))
    } catch {
      switch error {
      case .leaving: return nil
      case .unavailable(let unavailable) where request.type == MessageType.applyRequest:
        return failure(of: request, started: started, apply.failure(of: request.message.buffers, unavailable))
      case .unavailable, .interrupted, .lost:
        return failure(of: request, started: started, error.raised, executionCount: executionCount)
      }
    }
  }

  private func failure(
    of request: Request, started: Timestamp, _ error: RaisedError, after publications: [Publication] = [],
    executionCount: Int = 0
  ) -> Outcome {
    let isExecution = request.type == MessageType.executeRequest
    let method = isExecution ? "execute" : request.type == MessageType.applyRequest ? "apply" : nil
    let extra: [String: JSONValue] =
      isExecution ? ["execution_count": .int(executionCount), "payload": [], "user_expressions": [:]] : [:]
    let reply = writer.failed(request, started: started, error: error, method: method, extra: extra)
    guard method != nil else { return Outcome(reply: reply) }
    return Outcome(
      reply: reply, publications: publications + [publication(MessageType.error, writer.errorContent(error))])
  }

  private static func content(of request: Request) throws(RaisedError) -> JSONValue {
    do {
      return try request.message.content()
    } catch {
      throw RaisedError("ValueError", error.reason)
    }
  }

  private func publication(_ type: String, _ content: [String: JSONValue]) -> Publication {
    Publication(type: type, content: JSONValue.object(content).bytes.array)
  }
}

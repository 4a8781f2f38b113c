import MartletWire
import Synchronization
import Tracing

/// Traces the requests of a call: each has a span, within the one in which the call was made, wherever it is sent from.
final class CallTrace: Sendable {
  private struct Request: Sendable {
    let span: any Span
    let submitted: Timestamp
    /// Whether it went to one engine, whose times are those of the request.
    let isSingle: Bool
  }

  private let backend: TracingBackend
  private let context: ServiceContext
  private let method: String
  private let open = Mutex(OpenSpans<Request>())

  /// Makes spans within the caller's.
  private init(_ method: String, _ backend: TracingBackend) {
    self.backend = backend
    self.method = method
    context = .current ?? .topLevel
  }

  /// The trace of a call; `nil` if this program traces nothing.
  static func of(_ method: String) -> CallTrace? { TracingBackend.current.map { CallTrace(method, $0) } }

  /// A request is about to be sent.
  ///
  /// - Parameters:
  ///   - tasks: the tasks that it is for.
  ///   - id: the request's id.
  ///   - attempt: which attempt at the task it is.
  ///   - engines: how many engines get it.
  /// - Returns: what has to travel with it.
  func begin(_ tasks: Range<Int>, id: String, attempt: Int = 1, engines: Int = 1) -> TraceContext? {
    let submitted = Timestamp.now
    let span = backend.tracer.startSpan(
      method, context: context, ofKind: .client, at: submitted.tracerInstant)
    if span.isRecording {
      var attributes = span.attributes
      attributes[SpanKey.messageID] = id
      if attempt > 1 { attributes[SpanKey.attempt] = attempt }
      if engines > 1 { attributes[SpanKey.engines] = engines }
      span.attributes = attributes
    }
    open.withLock {
      $0.begin(Request(span: span, submitted: submitted, isSingle: engines == 1), tasks: tasks)
    }
    return TraceContext(span.context, backend.instrument)
  }

  /// A task has got its reply, or will get none. Nothing happens if that is known.
  func end(_ task: Int, _ outcome: Result<TaskReply, any Error>) {
    guard let (request, isLast) = open.withLock({ $0.end(task) }) else { return }
    let span = request.span
    if span.isRecording { note(outcome, of: request) }
    if isLast { span.end() }
  }

  private func note(_ outcome: Result<TaskReply, any Error>, of request: Request) {
    switch outcome {
    case .failure(let error):
      request.span.recordError(error)
      request.span.fail("\(error)")
    case .success(let reply):
      let metadata = reply.metadata
      if reply.status != "ok" { request.span.fail(with: reply.content) }
      guard request.isSingle, let engine = metadata["engine"]?.stringValue, !engine.isEmpty else { return }
      request.span.attributes[SpanKey.engineUUID] = engine
      guard let started = metadata["started"]?.stringValue.flatMap({ Timestamp($0) }) else { return }
      noteTimes(of: request, started: started, completed: reply.date ?? reply.received, received: reply.received)
    }
  }

  /// The controller's part ends when an engine starts. The engine's clock may be another than this machine's; whatever it
  /// says, the parts follow one another.
  private func noteTimes(of request: Request, started: Timestamp, completed: Timestamp, received: Timestamp) {
    let started = min(max(started, request.submitted), max(received, request.submitted))
    let completed = min(max(completed, started), max(received, started))
    backend.tracer.startSpan(
      "schedule", context: request.span.context, ofKind: .internal, at: request.submitted.tracerInstant
    ).end(at: started.tracerInstant)
    request.span.addEvent(SpanEvent(name: "started", at: started.tracerInstant))
    request.span.addEvent(SpanEvent(name: "completed", at: completed.tracerInstant))
  }
}

import MartletWire
import MartletZeroMQ
import Tracing

/// The span of a request that runs, within the one that its client has sent.
struct RequestTrace: Sendable {
  private let span: any Span

  /// Begins the span of a call or of executed code.
  ///
  /// - Returns: `nil` for any other request.
  init?(_ request: Request, _ backend: TracingBackend) {
    guard let method = request.method else { return nil }
    span = backend.tracer.startSpan(
      request.calledFunction ?? method,
      context: request.metadata.trace?.context(backend.instrument) ?? .topLevel, ofKind: .server)
    guard span.isRecording else { return }
    var attributes = span.attributes
    attributes[SpanKey.messageID] = request.id
    if let context = EngineContext.engine {
      attributes[SpanKey.engineID] = context.engineID
      attributes[SpanKey.engineUUID] = context.engineUUID
    }
    let attempt = request.metadata.attempt &+ request.metadata.earlierAttempts
    if attempt > 1 { attributes[SpanKey.attempt] = attempt }
    span.attributes = attributes
  }

  /// Runs a request, whose spans are within this one.
  ///
  /// - Parameter reply: the reply in the output; `nil` if there is none because the engine leaves.
  nonisolated(nonsending) func run<Output>(
    reply: (Output) -> Reply?, _ body: nonisolated(nonsending) () async -> Output
  ) async -> Output {
    let output = await ServiceContext.$current.withValue(span.context) { await body() }
    if span.isRecording { note(reply(output)) }
    span.end()
    return output
  }

  private func note(_ reply: Reply?) {
    guard let reply else { return span.fail("the engine has left") }
    guard let content = try? JSONValue.parse(Bytes(reply.content)), content["status"]?.stringValue != "ok" else {
      return
    }
    span.fail(with: content)
  }
}

extension Request {
  /// The function that an `apply_request` calls, itself or with each item of a list; `nil` if it has no name.
  fileprivate var calledFunction: String? {
    guard type == MessageType.applyRequest, let head = try? head() else { return nil }
    switch (head.builtin, head.target) {
    case (.map, _):
      guard case .reference(let name)? = head.firstArgument else { return "map" }
      return "map(\(name))"
    case (let builtin?, _): return "\(builtin)"
    case (nil, .reference(let name)), (nil, .canned(_, let name)): return name
    case (nil, .other): return nil
    }
  }
}

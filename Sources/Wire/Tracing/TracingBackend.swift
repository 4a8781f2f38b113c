import Tracing

/// What a program has installed to trace its requests.
package struct TracingBackend: Sendable {
  /// Passes traces on to other processes, and takes them over.
  package let instrument: any Instrument
  /// Makes spans.
  package let tracer: any Tracer

  /// What is installed now, in this task or this process; `nil` if nothing is.
  package static var current: TracingBackend? {
    let instrument = InstrumentationSystem.instrument
    // Comparing types is much cheaper than a cast, and each call comes here.
    if type(of: instrument) == NoOpInstrument.self { return nil }
    return TracingBackend(instrument: instrument, tracer: InstrumentationSystem.tracer)
  }
}

/// The attributes of spans, which are named as in the log.
package enum SpanKey {
  /// The request's id.
  package static let messageID = LogKey.messageID
  /// Which attempt at a task it is, counted from 1.
  package static let attempt = "martlet.attempt"
  /// How many engines a request was sent to, if that are several.
  package static let engines = "martlet.engines"
  package static let engineID = LogKey.engineID
  package static let engineUUID = LogKey.engineUUID
}

extension Timestamp {
  /// The time as tracers count it.
  package var tracerInstant: DefaultTracerClock.Timestamp {
    let (nanoseconds, overflows) = UInt64(max(microseconds, 0)).multipliedReportingOverflow(by: 1000)
    return DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: overflows ? .max : nanoseconds)
  }
}

extension Span {
  /// Notes that what the span is about has failed.
  package func fail(_ reason: String) { setStatus(SpanStatus(code: .error, message: reason)) }

  /// Notes that a request has failed, as the content of its reply says.
  package func fail(with content: JSONValue) {
    let texts = [content["ename"], content["evalue"]].compactMap { $0?.stringValue }
    fail(texts.isEmpty ? content["status"]?.stringValue ?? "no status" : texts.joined(separator: ": "))
  }
}

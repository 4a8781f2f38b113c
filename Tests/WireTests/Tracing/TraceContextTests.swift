import InMemoryTracing
import MartletWire
import MartletZeroMQ
import Testing
import Tracing

@Suite struct TraceContextTests {
  @Test func aContextArrivesAsItWasSent() throws {
    let tracer = InMemoryTracer()
    let span = tracer.startSpan("sent")
    let sent = try #require(TraceContext(span.context, tracer))
    let metadata = try JSONValue.parse(Bytes("{\(sent.text)}"))
    let value = try #require(metadata[TraceContext.key])
    let arrived = try #require(TraceContext(value))
    #expect(arrived == sent && sent.fields.count == 2)
    #expect(arrived.context(tracer).inMemorySpanContext?.spanID == span.spanID)
  }

  @Test func thereMayBeNothingToSend() {
    #expect(TraceContext(.topLevel, InMemoryTracer()) == nil)
  }

  @Test(arguments: ["null", "1", "\"00-1-2-01\"", "[]", "{}", #"{"traceparent":7,"a":null,"b":{"c":"d"}}"#])
  func whatIsNoTraceIsIgnored(text: String) throws {
    #expect(TraceContext(try JSONValue.parse(Bytes(text))) == nil)
  }

  @Test func whatIsNoTextIsLeftOut() throws {
    #expect(TraceContext(try JSONValue.parse(Bytes(#"{"traceparent":"x","b":1}"#)))?.fields == ["traceparent": "x"])
  }

  @Test(arguments: [(-5, UInt64(0)), (0, 0), (7, 7000), (Int.max, .max)]) func timesAreClamped(
    time: Int, instant: UInt64
  ) {
    #expect(Timestamp(microseconds: time).tracerInstant.nanosecondsSinceEpoch == instant)
  }
}

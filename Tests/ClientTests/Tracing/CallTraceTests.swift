import InMemoryTracing
import MartletWire
import Testing
import Tracing

@testable import MartletClient

/// What of a trace is on the wire.
@Suite(.timeLimit(.minutes(1))) struct CallTraceTests {
  private static func metadata(_ cluster: FakeCluster) async throws -> [JSONValue] {
    try await cluster.received.map { try $0.message.metadata() }
  }

  @Test func withoutATracerThereIsNothing() async throws {
    #expect(CallTrace.of("f") == nil)
    try await FakeCluster.withClient { client, cluster in
      _ = try await client.loadBalanced().apply(name: "f").value
      let metadata = try await Self.metadata(cluster)
      #expect(metadata.count == 1 && metadata.allSatisfy { $0["trace"] == nil })
    }
  }

  @Test func whatTheTracerWritesTravelsWithEachRequest() async throws {
    let tracer = InMemoryTracer()
    try await withTracer(tracer) {
      try await FakeCluster.withClient { client, cluster in
        try await tracer.withSpan("caller") { _ in
          _ = try await client.loadBalanced().apply(name: "f").value
          _ = try await client[0].apply(name: "f").value
          _ = try await client.broadcast().apply(name: "f").value
        }
        let traces = try await Self.metadata(cluster).map(\.["trace"])
        #expect(traces.count == 3 && traces.allSatisfy { $0?["in-memory-trace-id"] == "trace-1" })
        let spans = Set(tracer.finishedSpans.filter { $0.kind == .client }.map { JSONValue.string($0.spanID) })
        #expect(Set(traces.compactMap { $0?["in-memory-span-id"] }) == spans && spans.count == 3)
      }
    }
    #expect(tracer.activeSpans.isEmpty)
  }

  @Test func lostRequestsHaveFailed() {
    let tracer = InMemoryTracer()
    withTracer(tracer) {
      let state = ResultState(total: 2, method: "f")
      let trace = state.trace
      _ = trace?.begin(0..<1, id: "a")
      _ = trace?.begin(1..<2, id: "b", attempt: 3)
      state.fail(0, ClientError.closed)
      state.fail(0, ClientError.closed)
      #expect(tracer.activeSpans.map(\.operationName) == ["f"])
    }
    let ended = tracer.finishedSpans
    #expect(ended.count == 1 && ended.first?.status?.code == .error && ended.first?.errors.count == 1)
  }
}

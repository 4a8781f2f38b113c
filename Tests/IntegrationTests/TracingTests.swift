import MartletClient
import MartletEngine
import MartletTesting
import MartletWire
import Testing
import Tracing

extension IntegrationTests {
  /// One trace shows client, scheduler and engine.
  @Suite struct TracingTests {
    struct Wrong: Error, CustomStringConvertible { let description = "wrong" }

    private static let square = RemoteFunction("square") { (x: Int) in
      InstrumentationSystem.tracer.withSpan("multiply") { _ in x * x }
    }
    private static let fail = RemoteFunction("fail") { () throws -> Int in throw Wrong() }
    private static let flaky = RemoteFunction("flaky") { () throws -> Int in
      guard let attempt = EngineContext.current?.attempt, attempt > 1 else { throw Wrong() }
      return attempt
    }
    /// The span in which each of several calls at once finds itself.
    private static let beside = RemoteFunction("beside", concurrency: 4) { (_: Int) async throws -> String in
      try await Task.sleep(for: .milliseconds(1))
      return TraceRecorder.place(in: .current)?.span ?? "none"
    }

    /// Runs a body, within the span `caller`, on a cluster whose processes have a tracer.
    private func trace(engines: Int = 1, _ body: (Client) async throws -> Void) async throws -> TraceRecorder {
      let recorder = TraceRecorder()
      try await withTracer(recorder) {
        try await withTestCluster(
          functions: [Self.square, Self.fail, Self.flaky, Self.beside], engines: engines
        ) { client in
          try await recorder.withSpan("caller") { _ in try await body(client) }
        }
      }
      return recorder
    }

    @Test func aTraceShowsClientSchedulerAndEngine() async throws {
      var id: String?
      let recorder = try await trace { client in
        let result = try client.loadBalanced().apply(Self.square, 3)
        #expect(try await result.value == 9)
        id = result.msgIDs.first
      }
      let caller = try #require(recorder.only("caller"))
      let client = try #require(recorder.only("square", .client))
      let schedule = try #require(recorder.only("schedule"))
      let engine = try #require(recorder.only("square", .server))
      let inner = try #require(recorder.only("multiply"))
      #expect(recorder.records.count == 5)
      #expect(caller.parent == nil && client.parent == caller.place)
      #expect(schedule.parent == client.place && engine.parent == client.place && inner.parent == engine.place)
      #expect(client.text("martlet.message.id") == id && engine.text("martlet.message.id") == id)
      #expect(client.text("martlet.engine.uuid") == engine.text("martlet.engine.uuid"))
      #expect(engine.number("martlet.engine.id") == 0 && client.number("martlet.attempt") == nil)
      #expect(client.events.map(\.name) == ["started", "completed"])
      #expect(client.start == schedule.start && schedule.end == client.events.first?.nanosecondsSinceEpoch)
      #expect(schedule.end <= client.end && client.status == nil && engine.status == nil)
    }

    @Test func eachTaskOfAMapAndAStreamIsTheCallersChild() async throws {
      let recorder = try await trace(engines: 2) { client in
        let view = client.loadBalanced()
        #expect(try await view.map(Self.square, Array(0..<20), window: 3).value == (0..<20).map { $0 * $0 })
        var sum = 0
        for try await value in try view.stream(Self.square, over: 0..<20, window: 3) { sum += value }
        #expect(sum == 2470)
      }
      let caller = try #require(recorder.only("caller"))
      let tasks = recorder.records.filter { $0.kind == .client }
      #expect(tasks.count == 40 && tasks.allSatisfy { $0.parent == caller.place })
      #expect(tasks.count { $0.name == "map(square)" } == 20)
      let served = recorder.records.filter { $0.kind == .server }
      #expect(Set(served.compactMap(\.parent)) == Set(tasks.map(\.place)) && served.count == 40)
    }

    @Test(arguments: [false, true]) func aBroadcastIsOneRequest(isCoalescing: Bool) async throws {
      let recorder = try await trace(engines: 3) { client in
        let view = client.broadcast(isCoalescing: isCoalescing)
        let values = try await view.apply(Self.square, 2).value
        #expect(values == [4, 4, 4])
      }
      let client = try #require(recorder.only("square", .client))
      #expect(client.number("martlet.engines") == 3)
      let served = recorder.records.filter { $0.kind == .server }
      #expect(served.count == 3 && served.allSatisfy { $0.parent == client.place })
    }

    @Test func directCallsHaveASpanForEachEngine() async throws {
      let recorder = try await trace(engines: 2) { client in
        let values = try await client[...].apply(Self.square, 2).value
        #expect(values == [4, 4])
      }
      #expect(recorder.records.count { $0.kind == .client && $0.name == "square" } == 2)
      #expect(recorder.records.count { $0.kind == .server && $0.name == "square" } == 2)
    }

    @Test func failuresAreNoted() async throws {
      let recorder = try await trace { client in
        await #expect(throws: RemoteError.self) { try await client.loadBalanced().apply(Self.fail).value }
      }
      for kind in [SpanKind.client, .server] {
        let span = try #require(recorder.only("fail", kind))
        #expect(span.status?.code == .error && span.status?.message?.contains("wrong") == true)
      }
    }

    @Test func eachAttemptHasASpan() async throws {
      let recorder = try await trace { client in
        var view = client.loadBalanced()
        view.retry = RetryPolicy(attempts: 3)
        let byClient = try await view.apply(Self.flaky).value
        view.retry = nil
        view.retries = 2
        let byScheduler = try await view.apply(Self.flaky).value
        #expect(byClient == 2 && byScheduler == 2)
      }
      let sent = recorder.records.filter { $0.kind == .client }
      #expect(sent.map { $0.number("martlet.attempt") } == [nil, 2, nil])
      let served = recorder.records.filter { $0.kind == .server }
      #expect(served.map { $0.number("martlet.attempt") } == [nil, 2, nil, 2])
      #expect(served.map(\.parent) == [sent[0].place, sent[1].place, sent[2].place, sent[2].place])
    }

    @Test func callsBesideOneAnotherHaveTheirOwn() async throws {
      var seen: [String] = []
      let recorder = try await trace { client in
        seen = try await client.loadBalanced().map(Self.beside, Array(0..<8)).value
      }
      #expect(Set(seen) == Set(recorder.records.filter { $0.kind == .server }.map(\.place.span)) && seen.count == 8)
    }
  }
}

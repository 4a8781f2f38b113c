import MartletWire
import Testing

@testable import MartletClient

@Suite(.timeLimit(.minutes(1))) struct InterruptionTests {
  private static func controls(_ cluster: FakeCluster, _ count: Int) async throws -> [(
    type: String, content: JSONValue
  )] {
    while await cluster.controls.count < count { try await Task.sleep(for: .milliseconds(2)) }
    return await cluster.controls
  }

  @Test(arguments: [false, true]) func cancellingSaysWhetherRunningTasksAreMeant(running: Bool) async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      let result = try client[0].apply(name: "f")
      result.cancel(running: running)
      let control = try #require(try await Self.controls(cluster, 1).first)
      #expect(control.type == MessageType.abortRequest)
      #expect(control.content["running"] == .bool(running))
      #expect(control.content["msg_ids"]?.arrayValue?.first?.stringValue == result.msgIDs[0])
      try await client.abort(result, running: running)
      try await client.abort(result.msgIDs, running: running)
      #expect(await cluster.controls.allSatisfy { $0.content["running"] == .bool(running) })
    }
  }

  @Test func theTimeOfGraceTravels() async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      var (view, balanced, broadcast) = (client[0], client.loadBalanced(), client.broadcast())
      (view.endsEngineAfter, balanced.endsEngineAfter, broadcast.endsEngineAfter) = (
        .milliseconds(1500), .zero, .seconds(2)
      )
      let result = try view.apply(name: "f")
      _ = try balanced.apply(name: "f")
      _ = try broadcast.apply(name: "f")
      while await cluster.received.count < 3 { try await Task.sleep(for: .milliseconds(2)) }
      let metadata = await cluster.received.map { try? $0.message.metadata() }
      #expect(Set(metadata.map { $0?["stop_grace"]?.doubleValue }) == [1.5, 0, 2])
      result.cancel(running: true)
      result.cancel(running: true, endingEngineAfter: .milliseconds(250))
      result.cancel(running: true, endingEngineAfter: .seconds(-1))
      let controls = try await Self.controls(cluster, 3)
      #expect(controls.map { $0.content["stop_grace"]?.doubleValue } == [nil, 0.25, 0])
      view.endsEngineAfter = .seconds(-1)
      #expect(throws: ClientError.self) { try view.apply(name: "f") }
    }
  }

  @Test func aDeadlineInterrupts() async throws {
    try await FakeCluster.withClient { client, cluster in
      #expect(try await client[0].apply(name: "f", args: [7], as: Int.self).value(cancellingAfter: .seconds(60)) == 7)
      await cluster.hold()
      let result = try client[0].apply(name: "f")
      let error = await #expect(throws: ClientError.self) { try await result.value(cancellingAfter: .milliseconds(1)) }
      #expect(error?.code == .timeout)
      #expect(error?.message.hasSuffix("0 of 1 tasks have; the others are cancelled") == true)
      #expect(try await Self.controls(cluster, 1)[0].content["running"] == true)
    }
  }

  @Test func aCallerThatIsCancelledInterruptsItsCode() async throws {
    try await FakeCluster.withClient { client, cluster in
      let waiting = Task { try await client[0].execute("while True: pass") }
      while await cluster.received.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      #expect(try await Self.controls(cluster, 1)[0].content["running"] == true)
    }
  }

  @Test func sendsSignalsByName() async throws {
    try await FakeCluster.withClient(engines: 3) { client, cluster in
      try await client.sendSignal(.interrupt, to: .ids([0, 2]))
      try await client.sendSignal(EngineSignal("SIGUSR1"), to: .ids([1]))
      let controls = await cluster.controls
      #expect(controls.map(\.type) == Array(repeating: MessageType.signalRequest, count: 3))
      #expect(controls.map { $0.content["sig"] } == ["SIGINT", "SIGINT", "SIGUSR1"])
      await #expect(throws: ClientError.self) { try await client.sendSignal(.kill, to: .ids([7])) }
    }
  }
}

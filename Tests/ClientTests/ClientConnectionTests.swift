import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletClient

@Suite("A client of a fake cluster", .timeLimit(.minutes(1)))
struct ClientConnectionTests {
  private static let echo = RemoteFunction("echo") { (value: Int) in value }

  @Test func callsTypedFunctions() async throws {
    try await FakeCluster.withClient { (client, _) async throws in
      #expect(client.ids == [0, 1])
      #expect(try await client[0].apply(Self.echo, 5).value == 5)
      #expect(try await client[...].apply(Self.echo, 6).value == [6, 6])
      #expect(try await client.loadBalanced().map(Self.echo, 0..<50, window: 3).value == Array(0..<50))
    }
  }

  /// Nobody says that a controller has died with the request that it was sent.
  @Test func asksAgainUntilTheControllerIsBack() async throws {
    try await FakeCluster.with { cluster in
      await cluster.ignoreQueries()
      async let connecting = Client.connect(cluster.info)
      try await wait("the first request") { await cluster.queryCount > 0 }
      await cluster.goDown()
      await cluster.answerQueries()
      try await cluster.comeBack(as: "second")
      let client = try await connecting
      #expect(client.ids == [0, 1])
      await client.close()
    }
  }

  @Test func pipelinesManyCalls() async throws {
    try await FakeCluster.withClient { (client, cluster) async throws in
      var view = client[1]
      view.collectsOutput = false
      let results = try (0..<2000).map { try view.apply(Self.echo, $0) }
      for (index, result) in results.enumerated() { #expect(try await result.value == index) }
      let metadata = await cluster.received.first?.message.metadataBytes.string
      #expect(metadata == "{\"no_status\":true}")
    }
  }

  @Test func namesTheFunctionAndBothTypesWhenTheyDiffer() async throws {
    try await FakeCluster.withClient { (client, _) async throws in
      let error = await #expect(throws: ClientError.self) {
        try await client[0].apply(name: "echo", args: ["text"], as: Int.self).value
      }
      #expect(error?.code == .wrongResultType)
      #expect(error?.message.contains("echo should give Int, got str") == true)
    }
  }

  @Test func reportsRemoteErrorsWithTheirEngine() async throws {
    try await FakeCluster.withClient { (client, _) async throws in
      let error = await #expect(throws: RemoteError.self) { try await client[1].apply(name: "fail").value }
      #expect(error?.description == "engine 1: fail: ValueError: bad")
      #expect(error?.traceback == "a\nb")
    }
  }

  @Test func countsDuplicateRepliesAndDropsForgedOnes() async throws {
    try await FakeCluster.withClient { (client, _) async throws in
      #expect(try await client[0].apply(name: "twice", as: Int.self).value == 1)
      #expect(try await client[0].apply(name: "forged", as: Int.self).value == 2)
      #expect(client.traffic.unexpectedReplies == 1)
      #expect(client.traffic.refused[.badSignature] == 1)
    }
  }

  @Test func failsARequestWhoseReplyIsMalformed() async throws {
    try await FakeCluster.withClient { (client, _) async throws in
      let error = await #expect(throws: ClientError.self) { try await client[0].apply(name: "nothing").value }
      #expect(error?.code == .malformedReply)
    }
  }

  @Test func failsTheRequestsOfADeadEngine() async throws {
    try await FakeCluster.withClient { (client, cluster) async throws in
      let result = try client[1].apply(name: "silent")
      let unaffected = try client[0].apply(name: "silent")
      _ = try await client[1].apply(Self.echo, 1).value
      try await cluster.lose(1)
      let error = await #expect(throws: EngineError.self) { try await result.value }
      #expect(error?.engineID == 1)
      #expect(client.ids == [0])
      #expect(!unaffected.isDone)
      let missing = #expect(throws: ClientError.self) { try client[1].apply(name: "echo") }
      #expect(missing?.message == "there is no engine 1; the engines are 0")
    }
  }

  @Test func waitsForEngines() async throws {
    try await FakeCluster.withClient { (client, cluster) async throws in
      try await cluster.gain(2)
      try await client.waitForEngines(3)
      #expect(client.ids == [0, 1, 2])
    }
  }

  @Test func timesOutWithoutEndingTheWork() async throws {
    try await FakeCluster.withClient { (client, _) async throws in
      let result = try client[0].apply(name: "silent")
      let error = await #expect(throws: ClientError.self) { try await result.value(timeout: .milliseconds(10)) }
      #expect(error?.code == .timeout)
      #expect(!result.isDone)
    }
  }

  @Test func throwsErrorsOfTheHub() async throws {
    try await FakeCluster.withClient { (client, _) async throws in
      let error = await #expect(throws: ClientError.self) { try await client.hubHistory() }
      #expect(error?.code == .hubError)
      #expect(error?.message.contains("KeyError: no history") == true)
    }
  }

  @Test func closingFailsUnfinishedTasks() async throws {
    try await FakeCluster.withClient { (client, _) async throws in
      let result = try client[0].apply(name: "silent")
      await client.close()
      let error = await #expect(throws: ClientError.self) { try await result.value }
      #expect(error?.code == .closed)
      let late = try client[0].apply(Self.echo, 1)
      await #expect(throws: ClientError.self) { try await late.value }
    }
  }

  @Test func cancelledMapsSendNoMore() async throws {
    try await FakeCluster.withClient { (client, cluster) async throws in
      let result = try client.loadBalanced().map(name: "silent", [1, 2, 3, 4], window: 2)
      result.cancel()
      #expect(result.metadata.map(\.status) == [.pending, .pending, .aborted, .aborted])
    }
  }
}

import MartletWire
import Testing

@testable import MartletClient

/// Calls for which nobody waits any more.
@Suite(.timeLimit(.minutes(1))) struct AbandonedResultTests {
  private static func aborts(_ cluster: FakeCluster, _ count: Int) async throws -> [JSONValue] {
    while await cluster.controls.count < count { try await Task.sleep(for: .milliseconds(2)) }
    return await cluster.controls.map(\.content)
  }

  /// Reads the first element and leaves.
  private static func readOne(_ result: AsyncResult<[Int]>, asCompleted: Bool) async throws {
    if asCompleted {
      for try await _ in result.asCompleted { return }
    } else {
      for try await _ in result { return }
    }
  }

  /// Reads the first element of a call whose second never comes; the result is gone afterwards.
  private static func readAndForget(
    _ view: LoadBalancedView, _ cluster: FakeCluster, asCompleted: Bool
  ) async throws {
    let result = try view.map(name: "f", [1, 2], as: Int.self)
    while await cluster.received.count < 2 { try await Task.sleep(for: .milliseconds(2)) }
    await cluster.answer(0, with: 1)
    try await readOne(result, asCompleted: asCompleted)
  }

  @Test(arguments: [false, true], [false, true]) func leavingALoopAbortsTheRest(
    asCompleted: Bool, running: Bool
  ) async throws {
    try await FakeCluster.withClient { client, cluster in
      var view = client.loadBalanced()
      view.cancelsRunning = running
      await cluster.hold()
      try await Self.readAndForget(view, cluster, asCompleted: asCompleted)
      let content = try await Self.aborts(cluster, 1)[0]
      #expect(content["running"] == .bool(running))
      #expect(content["msg_ids"]?.arrayValue?.count == 1)
    }
  }

  @Test func aResultThatIsKeptCanBeReadAgain() async throws {
    try await FakeCluster.withClient { client, cluster in
      let result = try client.loadBalanced().map(name: "f", [1, 2, 3], as: Int.self)
      try await Self.readOne(result, asCompleted: false)
      try await Self.readOne(result, asCompleted: true)
      #expect(try await result.value == [1, 2, 3])
      #expect(await cluster.controls.isEmpty)
    }
  }

  @Test func aResultThatNobodyReadsGoesOn() async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      _ = try client.loadBalanced().map(name: "f", [1, 2, 3], as: Int.self)
      _ = try client[...].apply(name: "f")
      // Answered after whatever came before.
      try await client.clear()
      #expect(await cluster.controls.allSatisfy { $0.type == MessageType.clearRequest })
    }
  }

  @Test func theViewsSayWhatClosingCancels() async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      let kept = try client[0].apply(name: "f")
      var view = client[1]
      view.cancelsRunning = true
      #expect(view.cancelsRunning)
      let cancelled = try view.apply(name: "f")
      await client.close()
      let contents = try await Self.aborts(cluster, 1)
      #expect(contents.count == 1 && contents[0]["running"] == true)
      #expect(contents[0]["msg_ids"]?.arrayValue?.first?.stringValue == cancelled.msgIDs[0])
      await #expect(throws: ClientError.self) { try await kept.value }
    }
  }

  @Test func waitersThatAreCancelledDoWhatTheViewSays() async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      var view = client.broadcast()
      view.cancelsRunning = true
      let result = try view.apply(name: "f")
      let waiting = Task { try await result.value }
      waiting.cancel()
      _ = await waiting.result
      #expect(try await Self.aborts(cluster, 2).allSatisfy { $0["running"] == true })
    }
  }

  @Test func prioritiesTravelInTheMetadata() async throws {
    try await FakeCluster.withClient { client, cluster in
      var view = client.loadBalanced()
      for priority in [.normal, .high, .low, 100] as [LoadBalancedView.Priority] {
        view.priority = priority
        _ = try await view.apply(name: "f").value
      }
      let metadata = try await cluster.received.map { try $0.message.metadata() }
      #expect(metadata.map { $0["priority"] } == [nil, .int(10), .int(-10), .int(100)])
      #expect(metadata.allSatisfy { $0["no_status"] == true })
      #expect(LoadBalancedView.Priority.low < .normal)
    }
  }

  @Test func limitsTravelInTheMetadata() async throws {
    try await FakeCluster.withClient { client, cluster in
      var direct = client[0]
      direct.executionTimeout = .milliseconds(1500)
      #expect(direct.executionTimeout == .milliseconds(1500))
      direct.label = "mine"
      let deadline = Timestamp(microseconds: 1_700_000_000_000_000)
      direct.deadline = deadline
      #expect(direct.deadline == deadline)
      _ = try await direct.apply(name: "f").value
      var balanced = client.loadBalanced()
      balanced.executionTimeout = .seconds(2)
      balanced.deadline = deadline
      _ = try await balanced.apply(name: "f").value
      var broadcast = client.broadcast()
      broadcast.executionTimeout = .seconds(3)
      broadcast.deadline = deadline
      _ = try await broadcast.apply(name: "f").value
      let metadata = try await cluster.received.map { try $0.message.metadata() }
      #expect(metadata.map { $0["execution_timeout"] } == [.double(1.5), .double(2), .double(3)])
      #expect(metadata.allSatisfy { $0["deadline"] == .string(deadline.text) })
      #expect(metadata[0]["label"] == "mine" && metadata[0]["no_status"] == true)
      direct.executionTimeout = .seconds(-1)
      balanced.executionTimeout = .seconds(-1)
      broadcast.executionTimeout = .seconds(-1)
      #expect(throws: ClientError.self) { try direct.apply(name: "f") }
      #expect(throws: ClientError.self) { try balanced.apply(name: "f") }
      #expect(throws: ClientError.self) { try broadcast.apply(name: "f") }
    }
  }
}

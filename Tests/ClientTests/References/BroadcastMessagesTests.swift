import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletClient

/// What a client sends for values that every engine has.
@Suite(.timeLimit(.minutes(1))) struct BroadcastMessagesTests {
  private static let sum = RemoteFunction("sum") { (numbers: [Int]) in numbers.reduce(0, +) }

  private static func received(
    _ cluster: FakeCluster, _ count: Int
  ) async throws -> [(message: Message, channel: ConnectionInfo.Channel)] {
    while await cluster.received.count < count { try await Task.sleep(for: .milliseconds(2)) }
    return await cluster.received
  }

  @Test func theValueGoesThroughTheTreeUnderALease() async throws {
    try await FakeCluster.withClient { client, cluster in
      let numbers = try await client.broadcast([1, 2])
      let (message, channel) = await cluster.received[0]
      let call = try ApplyCall.unpack(message.buffers)
      #expect(channel == .broadcast && call.function == .reference(BuiltinFunction.push.rawValue))
      #expect(call.kwargs.map(\.0) == [numbers.name] && call.kwargs.map(\.1) == [[1, 2]])
      let metadata = try message.metadata()
      #expect(metadata["targets"]?.arrayValue?.count == 2)
      #expect(
        metadata["keep"]?["name"] == .string(numbers.name) && metadata["keep"]?["owner"] == .string(client.session))
    }
  }

  @Test func aNewEngineIsSentTheSameBytesFirst() async throws {
    try await FakeCluster.withClient { client, cluster in
      let events = client.events
      let numbers = try await client.broadcast([1, 2])
      await cluster.hold()
      try await cluster.gain(2)
      for await event in events where event == .engineJoined(RegisteredEngine(id: 2, uuid: "engine-2")) { break }
      let call = try client[2].apply(Self.sum, numbers)
      let messages = try await Self.received(cluster, 2)
      #expect(messages.allSatisfy { $0.channel == .mux && $0.message.identities.last?.string == "engine-2" })
      #expect(try ApplyCall.unpack(messages[0].message.buffers).kwargs.map(\.1) == [[1, 2]])
      #expect(try messages[0].message.metadata()["keep"]?["name"] == .string(numbers.name))
      #expect(try ApplyCall.unpack(messages[1].message.buffers).args == [.reference(numbers.name)])
      call.cancel()
    }
  }

  @Test func anEngineThatLacksTheValueGetsItOnceMore() async throws {
    try await FakeCluster.withClient { client, cluster in
      let numbers = try await client.broadcast([1, 2])
      await cluster.hold()
      let calls = try (0..<2).map { _ in try client.loadBalanced().apply(Self.sum, numbers) }
      let last = try client.loadBalanced().apply(Self.sum, [3])
      _ = try await Self.received(cluster, 3)
      for index in 0..<2 { await cluster.miss(numbers.name, index, on: "engine-1") }
      await cluster.answer(2, with: 3)
      // The replies before this one have arrived, too.
      #expect(try await last.value == 3)
      // One message helps both.
      let (push, channel) = try await Self.received(cluster, 4)[3]
      #expect(channel == .mux && push.identities.last?.string == "engine-1")
      #expect(try ApplyCall.unpack(push.buffers).kwargs.map(\.0) == [numbers.name])
      await cluster.answer(3, with: .none)
      let again = try await Self.received(cluster, 6)[4...]
      #expect(again.allSatisfy { $0.channel == .task })
      #expect(try again.allSatisfy { try $0.message.metadata()["earlier_attempts"] == nil })
      await cluster.answer(4, with: 3)
      await cluster.miss(numbers.name, 5, on: "engine-1")
      // Who loses what it has just got has no further chance.
      var outcomes: [Result<Int, any Error>] = []
      for call in calls { outcomes += try await call.outcomes }
      #expect(outcomes.compactMap { try? $0.get() } == [3])
      let error = outcomes.compactMap { if case .failure(let error) = $0 { error as? ReferenceLost } else { nil } }
        .first
      #expect(error?.name == numbers.name && error?.engineUUID == "engine-1")
    }
  }

  @Test func whatKeepsAnEngineFromTakingItIsThrown() async throws {
    try await FakeCluster.withClient { client, cluster in
      let numbers = try await client.broadcast([1, 2])
      await cluster.hold()
      let (refused, dead) = (
        try client.loadBalanced().apply(Self.sum, numbers), try client.loadBalanced().apply(Self.sum, numbers)
      )
      _ = try await Self.received(cluster, 2)
      await cluster.miss(numbers.name, 0, on: "engine-0")
      await cluster.miss(numbers.name, 1, on: "engine-1")
      _ = try await Self.received(cluster, 4)
      // One can't take it; the other leaves, so the task goes to whoever is free.
      let messages = await cluster.received
      let first = messages[2].message.identities.last?.string == "engine-0" ? 2 : 3
      await cluster.fail(first)
      try await cluster.lose(1)
      await #expect(throws: RemoteError.self) { try await refused.value }
      _ = try await Self.received(cluster, 5)
      await cluster.answer(4, with: 3)
      #expect(try await dead.value == 3)
    }
  }

  @Test func cancellingACallThatWaitsForTheValueEndsIt() async throws {
    try await FakeCluster.withClient { client, cluster in
      let numbers = try await client.broadcast([1, 2])
      await cluster.hold()
      let call = try client.loadBalanced().apply(Self.sum, numbers)
      _ = try await Self.received(cluster, 1)
      await cluster.miss(numbers.name, 0, on: "engine-0")
      _ = try await Self.received(cluster, 2)
      call.cancel()
      await #expect(throws: TaskAborted.self) { try await call.value }
    }
  }

  @Test func enginesThatLeaveDoNotFailTheBroadcast() async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      async let numbers = client.broadcast([1, 2])
      _ = try await Self.received(cluster, 1)
      try await cluster.lose(1)
      try await cluster.lose(0)
      // Engines that have left need it no more.
      #expect(try await numbers.size > 0)
    }
  }
}

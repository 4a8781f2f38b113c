import MartletWire
import Testing

@testable import MartletClient

/// What a client sends for references.
@Suite(.timeLimit(.minutes(1))) struct ReferenceMessagesTests {
  private static let load = RemoteFunction("load") { (path: String) in [path.count] }
  private static let sum = RemoteFunction("sum") { (numbers: [Int]) in numbers.reduce(0, +) }

  private static func received(
    _ cluster: FakeCluster, _ count: Int
  ) async throws -> [(message: Message, channel: ConnectionInfo.Channel)] {
    while await cluster.received.count < count { try await Task.sleep(for: .milliseconds(2)) }
    return await cluster.received
  }

  private static func keep(
    _ client: Client, _ cluster: FakeCluster, on engine: Int = 1
  ) async throws -> RemoteReference<[Int]> {
    await cluster.hold()
    let result = try client[engine].keep(load, "path")
    _ = try await received(cluster, 1)
    await cluster.answer(0, with: .list([.string("list"), .int(7)]))
    return try await result.value
  }

  @Test func resultsAreKeptUnderANameForTheSession() async throws {
    try await FakeCluster.withClient { client, cluster in
      let reference = try await Self.keep(client, cluster)
      let message = await cluster.received[0].message
      let call = try ApplyCall.unpack(message.buffers)
      #expect(call.function == .reference(BuiltinFunction.keep.rawValue))
      #expect(call.args == [.string(reference.name), .reference("load"), .string("path")])
      let keep = try message.metadata()["keep"]
      #expect(keep?["name"] == .string(reference.name) && keep?["owner"] == .string(client.session))
      #expect(keep?["seconds"]?.doubleValue == 120)
      #expect(reference.size == 7 && reference.engine == client.engines[1])
    }
  }

  @Test func aCallNamesTheReferenceAndItsEngine() async throws {
    try await FakeCluster.withClient { client, cluster in
      let reference = try await Self.keep(client, cluster)
      _ = try client.loadBalanced().apply(Self.sum, reference)
      _ = try client[1].apply(Self.sum, reference)
      let messages = try await Self.received(cluster, 3)
      for (message, channel) in messages[1...] {
        let call = try ApplyCall.unpack(message.buffers)
        #expect(call.function == .reference("sum") && call.args == [.reference(reference.name)])
        let targets = try message.metadata()["targets"]
        #expect(targets == (channel == .task ? ["engine-1"] : nil))
      }
    }
  }

  @Test func namesAreDroppedTogether() async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      var references: [RemoteReference<[Int]>] = []
      for index in 0..<3 {
        let result = try client[0].keep(Self.load, "\(index)")
        _ = try await Self.received(cluster, index + 1)
        await cluster.answer(index, with: .list([.string("list"), .int(7)]))
        references.append(try await result.value)
      }
      let names = references.map(\.name)
      references = []
      let dropped = try await Self.received(cluster, 4)[3]
      let call = try ApplyCall.unpack(dropped.message.buffers)
      #expect(call.function == .reference(BuiltinFunction.drop.rawValue))
      #expect(Set(call.args) == Set(names.map { .string($0) }) && dropped.channel == .mux)
    }
  }

  @Test func theLeaseIsRenewedUntilTheLastNameIsGone() async throws {
    var configuration = ClientConfiguration()
    configuration.referenceLease = .seconds(1)
    try await FakeCluster.withClient(configuration: configuration) { client, cluster in
      let reference = try await Self.keep(client, cluster)
      while await cluster.controls.count < 3 { try await Task.sleep(for: .milliseconds(2)) }
      for (type, content) in await cluster.controls {
        #expect(type == MessageType.leaseRequest)
        #expect(content["owner"] == .string(client.session) && content["seconds"]?.doubleValue == 1)
      }
      withExtendedLifetime(reference) {}
    }
  }

  @Test func aValueThatIsNeededElsewhereIsMovedFirst() async throws {
    try await FakeCluster.withClient { client, cluster in
      let reference = try await Self.keep(client, cluster)
      let result = try client[0].apply(Self.sum, reference)
      #expect(result.msgIDs == [])
      let pull = try await Self.received(cluster, 2)[1].message
      #expect(try ApplyCall.unpack(pull.buffers).args == [.string(reference.name)])
      await cluster.answer(1, with: [1, 2])
      let push = try await Self.received(cluster, 3)[2].message
      let call = try ApplyCall.unpack(push.buffers)
      #expect(call.kwargs.map(\.0) == [reference.name] && call.kwargs.map(\.1) == [[1, 2]])
      #expect(try push.metadata()["keep"]?["name"] == .string(reference.name))
      await cluster.answer(2, with: .none)
      _ = try await Self.received(cluster, 4)
      await cluster.answer(3, with: 3)
      #expect(try await result.value == 3)
    }
  }

  @Test func cancellingACallThatWaitsForAMoveEndsIt() async throws {
    try await FakeCluster.withClient { client, cluster in
      let reference = try await Self.keep(client, cluster)
      let result = try client[0].apply(Self.sum, reference)
      result.cancel()
      await #expect(throws: TaskAborted.self) { try await result.value }
      withExtendedLifetime(reference) {}
    }
  }

  @Test func anAnswerThatIsNoDescriptionIsMalformed() async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      let result = try client[0].keep(Self.load, "")
      _ = try await Self.received(cluster, 1)
      await cluster.answer(0, with: 1)
      let error = await #expect(throws: ClientError.self) { try await result.value }
      #expect(error?.code == .malformedReply)
    }
  }
}

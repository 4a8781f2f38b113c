import MartletWire
import Testing

@testable import MartletClient

/// A call goes to the engines registered when it looks them up, not to engines that register during the call.
@Suite(.timeLimit(.minutes(1))) struct EngineLookupTests {
  /// A value that registers an engine when it is encoded, which happens in the middle of a call.
  private struct Registering: Encodable, Sendable {
    let client: Client
    let id: Int

    func encode(to encoder: any Encoder) throws {
      client.connection.register([id: "engine-\(id)"])
      var container = encoder.singleValueContainer()
      try container.encode(id)
    }
  }

  @Test func enginesMayRegisterWhileArgumentsAreEncoded() async throws {
    try await FakeCluster.withClient { client, _ in
      let view = client[...]
      try await view.push(["a": Registering(client: client, id: 10)]).value
      try await view.scatter("a", (20..<25).map { Registering(client: client, id: $0) }).value
      for (index, isCoalescing) in [false, true].enumerated() {
        let view = client.broadcast(isCoalescing: isCoalescing)
        try await view.push(["a": Registering(client: client, id: 30 + index)]).value
      }
      #expect(client.ids == [0, 1, 10, 20, 21, 22, 23, 24, 30, 31])
    }
  }

  @Test func enginesMayRegisterDuringACall() async throws {
    try await FakeCluster.withClient { client, _ in
      let registering = Task.detached {
        for id in 2..<300 {
          client.connection.register([id: "engine-\(id)"])
          await Task.yield()
        }
      }
      let view = client.broadcast(isCoalescing: true)
      var counts: [Int] = []
      while client.ids.count < 300 {
        counts.append(try await view.apply(name: "f", args: [1], as: Int.self).value.count)
        let items = (0..<20).map { PickleValue.int($0) }
        #expect(try await client[...].map(name: "f", items, as: Int.self).value == Array(0..<20))
      }
      await registering.value
      #expect(counts == counts.sorted())
    }
  }
}

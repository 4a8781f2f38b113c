import MartletClient
import MartletEngine
import MartletTesting
import MartletWire
import Testing

extension IntegrationTests {
  /// Maps, streams and broadcast views with arguments that are references.
  @Suite struct GivenArgumentTests {
    private static let load = RemoteFunction("load") { (count: Int) in Array(0..<count) }
    private static let scale = RemoteFunction("scale") { (x: Int, factors: [Int], offset: Int) in
      factors.reduce(0, +) * x + offset
    }
    private static let dot = RemoteFunction("dot") { (x: Int, factors: [Int]) in factors.reduce(0, +) * x }
    private static let sum = RemoteFunction("sum") { (numbers: [Int]) in numbers.reduce(0, +) }
    private static let ignore = RemoteFunction("ignore") { (_: [Int]) in }
    private static let waiting = RemoteFunction("waiting", concurrency: 4) {
      (x: Int, factors: [Int]) async throws -> Int in
      await Task.yield()
      return factors.reduce(0, +) * x
    }
    private static let has = RemoteFunction("has") { (name: String) throws -> Bool in
      try EngineContext.current?.value(named: name, as: PickleValue.self) != nil
    }
    private static let functions: [any RemoteCallable] = [load, scale, dot, sum, ignore, waiting, has]

    private func run(engines: Int = 3, _ body: (Client, TestCluster) async throws -> Void) async throws {
      try await withTestCluster(functions: Self.functions, engines: engines, body)
    }

    private static let expected = (0..<100).map { 6 * $0 + 5 }

    @Test func mapsTakeThem() async throws {
      try await run { client, _ in
        let view = client.loadBalanced()
        let (shared, kept) = (try await client.broadcast([1, 2, 3]), try await client[1].keep(Self.load, 4).value)
        for chunkSize in [1, 7] {
          let one = try await view.map(Self.scale, 0..<100, with: shared, 5, chunkSize: chunkSize).value
          let two = try await view.map(Self.scale, 0..<100, with: kept, 5, chunkSize: chunkSize, window: 3).value
          let three = try await view.map(Self.scale, 0..<100, with: [6], 5, chunkSize: chunkSize).value
          #expect(one == Self.expected && two == Self.expected && three == Self.expected)
        }
        #expect(try await client[...].map(Self.scale, 0..<100, with: shared, 5).value == Self.expected)
        #expect(try await client[...].map(Self.scale, 0..<100, with: kept, 5).value == Self.expected)
        #expect(try await client[2].map(Self.scale, 0..<100, with: shared, 5).value == Self.expected)
        #expect(try await client[2].map(Self.scale, 0..<100, with: kept, 5).value == Self.expected)
        #expect(try await client[...].map(Self.dot, [Int](), with: shared).value == [])
        #expect(try await view.map(Self.waiting, 0..<100, with: shared).value == (0..<100).map { 6 * $0 })
      }
    }

    @Test func eachEngineGetsAKeptValueOnce() async throws {
      try await run { client, _ in
        let numbers = try await client[0].keep(Self.load, 4).value
        let before = try await client.queueStatus().engines[0]?.completed ?? 0
        var view = client.loadBalanced(targets: .ids([1, 2]))
        view.label = "elsewhere"
        #expect(try await view.map(Self.dot, 0..<50, with: numbers).value == (0..<50).map { 6 * $0 })
        // It was fetched for each of the engines that have worked, at most.
        let fetched = try await client.queueStatus().engines[0]?.completed ?? 0
        #expect((before + 1...before + 2).contains(fetched))
        #expect(try await client[0].apply(Self.has, numbers.name).value)
      }
    }

    @Test func streamsTakeThem() async throws {
      try await run { client, _ in
        let view = client.loadBalanced()
        let (shared, kept) = (try await client.broadcast([1, 2, 3]), try await client[1].keep(Self.load, 4).value)
        var results: [Int] = []
        for try await result in try view.stream(Self.scale, over: 0..<100, with: shared, 5, window: 10) {
          results.append(result)
        }
        #expect(results == Self.expected)
        results = []
        for try await result in try view.stream(Self.scale, over: 0..<100, with: kept, 5, isOrdered: false) {
          results.append(result)
        }
        #expect(results.sorted() == Self.expected)
        let (numbers, feed) = AsyncStream.makeStream(of: Int.self)
        for number in 0..<20 { feed.yield(number) }
        feed.finish()
        results = []
        for try await result in try view.stream(Self.waiting, over: numbers, with: kept) { results.append(result) }
        #expect(results == (0..<20).map { 6 * $0 })
      }
    }

    @Test func broadcastViewsTakeThem() async throws {
      try await run { client, _ in
        let (shared, kept) = (try await client.broadcast([1, 2, 3]), try await client[1].keep(Self.load, 4).value)
        let view: BroadcastView = client.broadcast()
        #expect(try await view.apply(Self.sum, shared).value == [6, 6, 6])
        #expect(try await view.apply(Self.sum, kept).value == [6, 6, 6])
        #expect(try await view.apply(Self.scale, 10, shared, 1).value == [61, 61, 61])
        try await view.apply(Self.ignore, shared).value
        let coalescing: BroadcastView = client.broadcast(isCoalescing: true)
        #expect(throws: ClientError.self) { try coalescing.apply(Self.sum, shared) }
      }
    }

    @Test func whatAnEngineLacksIsSentAgain() async throws {
      try await run { client, _ in
        let shared = try await client.broadcast([1, 2, 3])
        try await client[[1]].clear()
        #expect(try await client.loadBalanced().map(Self.dot, 0..<50, with: shared).value == (0..<50).map { 6 * $0 })
        try await client[...].clear()
        let view: BroadcastView = client.broadcast()
        #expect(try await view.apply(Self.sum, shared).value == [6, 6, 6])
        try await client[...].clear()
        #expect(try await client[...].map(Self.dot, 0..<50, with: shared).value == (0..<50).map { 6 * $0 })
      }
    }

    @Test func aLostValueIsAnError() async throws {
      try await run(engines: 2) { client, cluster in
        let numbers = try await client[1].keep(Self.load, 4).value
        let view: BroadcastView = client.broadcast()
        try await client[[1]].clear()
        for call in [
          { try await client.loadBalanced().map(Self.dot, [1], with: numbers).value },
          { try await client[...].map(Self.dot, [1], with: numbers).value },
        ] {
          await #expect(throws: ReferenceLost.self) { try await call() }
        }
        let each = await #expect(throws: CompositeError.self) { try await view.apply(Self.sum, numbers).value }
        #expect(each?.failures.allSatisfy { $0.error is ReferenceLost } == true)
        try await cluster.kill(client.engines[1])
        while client.ids.contains(1) { await Task.yield() }
        #expect(throws: ReferenceLost.self) { try client.loadBalanced().map(Self.dot, [1], with: numbers) }
        #expect(throws: ReferenceLost.self) { try client.loadBalanced().stream(Self.dot, over: [1], with: numbers) }
        #expect(throws: ReferenceLost.self) { try client[...].map(Self.dot, [1], with: numbers) }
        #expect(throws: ReferenceLost.self) { try view.apply(Self.sum, numbers) }
        let shared = try await client.broadcast([1])
        shared.release()
        #expect(throws: ClientError.self) { try client.loadBalanced().map(Self.dot, [1], with: shared) }
      }
    }
  }
}

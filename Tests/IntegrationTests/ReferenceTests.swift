import MartletClient
import MartletEngine
import MartletTesting
import MartletWire
import Synchronization
import Testing

extension IntegrationTests {
  /// Values that stay on engines.
  @Suite struct ReferenceTests {
    struct Point: Codable, Sendable, Equatable, RemoteArgument { var x = 1 }

    private static let load = RemoteFunction("load") { (count: Int) in Array(0..<count) }
    private static let sum = RemoteFunction("sum") { (numbers: [Int]) in numbers.reduce(0, +) }
    private static let join = RemoteFunction("join") { (one: [Int], other: [Int], point: Point) in
      [one.count, other.count, point.x]
    }
    private static let place = RemoteFunction("place") { (_: [Int]) in EngineContext.current?.engineID ?? -1 }
    private static let ignore = RemoteFunction("ignore") { (_: [Int]) in }
    private static let fail = RemoteFunction("fail") { (_: [Int]) throws -> Int in throw CancellationError() }
    private static let has = RemoteFunction("has") { (name: String) throws -> Bool in
      try EngineContext.current?.value(named: name, as: PickleValue.self) != nil
    }
    private static let functions: [any RemoteCallable] = [load, sum, join, place, ignore, fail, has]

    private func run(engines: Int = 2, _ body: (Client, TestCluster) async throws -> Void) async throws {
      try await withTestCluster(functions: Self.functions, engines: engines, body)
    }

    private static func waitUntilGone(_ name: String, from engine: EngineView) async throws {
      while try await engine.apply(has, name).value { await Task.yield() }
    }

    @Test func aValueStaysOnItsEngine() async throws {
      try await run { client, _ in
        let numbers = try await client[1].keep(Self.load, 5_000).value
        #expect(numbers.engine.id == 1 && numbers.size > 5_000)
        #expect(numbers.description == "\(numbers.name): Array<Int>, \(numbers.size) bytes on engine 1")
        #expect(try await client[...].apply(Self.has, numbers.name).value == [false, true])
        let value = try await numbers.value
        #expect(value == Array(0..<5_000))
        // Others know it by its name.
        let pulled = try await client[1].pull(numbers.name, as: [Int].self).value
        #expect(pulled == value)
        let named = try await client[1].apply(name: "sum", args: [.reference(numbers.name)], as: Int.self).value
        #expect(named == 12_497_500)
      }
    }

    @Test func loadBalancedCallsGoToTheValue() async throws {
      try await run(engines: 3) { client, _ in
        let view = client.loadBalanced()
        for engine in 0..<3 {
          let numbers = try await client[engine].keep(Self.load, 100).value
          for _ in 0..<5 {
            let place = try await view.apply(Self.place, numbers).value
            #expect(place == engine)
          }
          try await view.apply(Self.ignore, numbers).value
          let engines = try await client[...].apply(Self.has, numbers.name).value
          #expect(engines.indices.filter { engines[$0] } == [engine])
        }
        let chained = try await view.keep(Self.load, 10).value
        let total = try await view.keep(Self.sum, chained).value
        #expect(total.engine == chained.engine)
        let value = try await total.value
        #expect(value == 45)
      }
    }

    @Test func severalValuesMeetWhereMostBytesAre() async throws {
      try await run(engines: 3) { client, _ in
        let small = try await client[0].keep(Self.load, 10).value
        let large = try await client[2].keep(Self.load, 1_000).value
        let result = try client.loadBalanced().apply(Self.join, small, large, Point(x: 7))
        let value = try await result.value
        #expect(value == [10, 1_000, 7] && result.metadata[0].engineID == 2)
        #expect(try await client[...].apply(Self.has, small.name).value == [true, false, true])
        // What was moved stays there: this call asks nobody for it.
        let moved = try await client[2].apply(Self.join, small, large, Point()).value
        #expect(moved == [10, 1_000, 1])
        let elsewhere = try await client[1].apply(Self.join, small, [1], Point()).value
        #expect(elsewhere == [10, 1, 1])
        #expect(try await client[...].apply(Self.has, large.name).value == [false, false, true])
      }
    }

    @Test func manyCallsMoveAValueOnce() async throws {
      try await run { client, _ in
        let numbers = try await client[0].keep(Self.load, 100).value
        let before = try await client.queueStatus().engines[0]?.completed ?? 0
        let results = try (0..<50).map { _ in try client[1].apply(Self.sum, numbers) }
        for result in results {
          let value = try await result.value
          #expect(value == 4_950)
        }
        // The engine that has it was asked once.
        #expect(try await client.queueStatus().engines[0]?.completed == before + 1)
      }
    }

    @Test func theLastHandleFreesTheValueEverywhere() async throws {
      try await run { client, _ in
        var name = ""
        do {
          let numbers = try await client[0].keep(Self.load, 100).value
          name = numbers.name
          _ = try await client[1].apply(Self.sum, numbers).value
          #expect(try await client[...].apply(Self.has, name).value == [true, true])
          withExtendedLifetime(numbers) {}
        }
        for engine in 0..<2 { try await Self.waitUntilGone(name, from: client[engine]) }
      }
    }

    @Test func aCallKeepsItsArguments() async throws {
      try await run(engines: 1) { client, _ in
        let view = client.loadBalanced()
        // No handle is left when the task runs.
        let sums = try await (0..<20).asyncMap { _ in
          try view.apply(Self.sum, try await view.keep(Self.load, 100).value)
        }
        for sum in sums {
          let value = try await sum.value
          #expect(value == 4_950)
        }
      }
    }

    @Test func aResultThatNobodyReadsIsFreed() async throws {
      try await run(engines: 1) { client, _ in
        let first = try await client[0].keep(Self.load, 1).value
        _ = try client[0].keep(Self.load, 2)
        let next = first.name.dropLast() + "2"
        #expect(first.name.hasSuffix("_1"))
        _ = try await client[0].apply(Self.sum, [1]).value
        try await Self.waitUntilGone(String(next), from: client[0])
        #expect(try await client[0].apply(Self.has, first.name).value)
      }
    }

    @Test func closingTheClientFreesItsValues() async throws {
      try await withTestCluster(functions: Self.functions, engines: 1) { client in
        let other = try await Client.connect(client.connectionInfo)
        let numbers = try await other[0].keep(Self.load, 100).value
        await other.close()
        try await Self.waitUntilGone(numbers.name, from: client[0])
        await #expect(throws: (any Error).self) { try await numbers.value }
      }
    }

    /// Replies of the schedulers can come before the client has heard that the engine is gone.
    @Test(arguments: 0..<3) func aValueIsLostWithItsEngine(first: Int) async throws {
      try await run { client, cluster in
        let numbers = try await client[1].keep(Self.load, 100).value
        let lost = client.engines[1]
        let calls = [
          { try await numbers.value.count }, { try await client[0].apply(Self.sum, numbers).value },
          { try await client.loadBalanced().apply(Self.sum, numbers).value },
        ]
        try await cluster.kill(lost)
        for call in calls[first...] + calls[..<first] {
          let error = await #expect(throws: ReferenceLost.self) { try await call() }
          #expect(error?.engineID == 1 && error?.engineUUID == lost.uuid && error?.name == numbers.name)
          #expect(error?.description.contains("engine 1, which had it, is gone") == true)
        }
      }
    }

    @Test func aCopySurvivesTheEngine() async throws {
      try await run { client, cluster in
        let numbers = try await client[1].keep(Self.load, 100).value
        _ = try await client[0].apply(Self.sum, numbers).value
        try await cluster.kill(client.engines[1])
        while client.ids.contains(1) { await Task.yield() }
        let value = try await client.loadBalanced().apply(Self.sum, numbers).value
        #expect(value == 4_950)
      }
    }

    @Test func aClearedEngineHasLostTheValue() async throws {
      try await run(engines: 1) { client, _ in
        let numbers = try await client[0].keep(Self.load, 100).value
        try await client.clear()
        let error = await #expect(throws: ReferenceLost.self) { try await client[0].apply(Self.sum, numbers).value }
        #expect(error?.description.contains("cleared") == true)
        await #expect(throws: ReferenceLost.self) { try await numbers.value }
      }
    }

    @Test func failuresAreThrown() async throws {
      try await run(engines: 1) { client, _ in
        let numbers = try await client[0].keep(Self.load, 1).value
        await #expect(throws: RemoteError.self) { try await client[0].apply(Self.fail, numbers).value }
        await #expect(throws: RemoteError.self) { try await client[0].keep(Self.fail, numbers).value }
        #expect(throws: ClientError.self) { try client[7].apply(Self.sum, numbers) }
        var configuration = ClientConfiguration()
        configuration.referenceLease = .milliseconds(999)
        let info = client.connectionInfo
        await #expect(throws: ClientError.self) { try await Client.connect(info, configuration: configuration) }
      }
    }
  }
}

extension Sequence {
  /// The results of an asynchronous function, one after the other.
  fileprivate func asyncMap<Output>(_ body: (Element) async throws -> Output) async rethrows -> [Output] {
    var outputs: [Output] = []
    for element in self { outputs.append(try await body(element)) }
    return outputs
  }
}

import MartletClient
import MartletEngine
import MartletTesting
import MartletWire
import Synchronization
import Testing

extension IntegrationTests {
  /// Values that every engine has, also one that comes later.
  @Suite struct BroadcastTests {
    private static let sum = RemoteFunction("sum") { (numbers: [Int]) in numbers.reduce(0, +) }
    private static let place = RemoteFunction("place") { (_: [Int], _: Int) in EngineContext.current?.engineID ?? -1 }
    private static let attempt = RemoteFunction("attempt") { (_: [Int]) in EngineContext.current?.attempt ?? 0 }
    private static let ignore = RemoteFunction("ignore") { (_: [Int]) in }
    private static let has = RemoteFunction("has") { (name: String) throws -> Bool in
      try EngineContext.current?.value(named: name, as: PickleValue.self) != nil
    }
    private static let functions: [any RemoteCallable] = [sum, place, attempt, ignore, has]

    private func run(engines: Int = 2, _ body: (Client, TestCluster) async throws -> Void) async throws {
      try await withTestCluster(functions: Self.functions, engines: engines, body)
    }

    private static func waitUntil(_ present: Bool, _ name: String, on engine: EngineView) async throws {
      while try await engine.apply(has, name).value != present { await Task.yield() }
    }

    @Test func everyEngineHasTheValue() async throws {
      try await run(engines: 3) { client, _ in
        let numbers = try await client.broadcast(Array(0..<1_000))
        #expect(try await client[...].apply(Self.has, numbers.name).value == [true, true, true])
        #expect(numbers.size > 1_000 && numbers.description.hasSuffix("\(numbers.size) bytes on every engine"))
        #expect(try await client[...].apply(Self.sum, numbers).value == [499_500, 499_500, 499_500])
        try await client[...].apply(Self.ignore, numbers).value
        #expect(try await client[1].apply(Self.sum, numbers).value == 499_500)
        #expect(try await client.loadBalanced().apply(Self.sum, numbers).value == 499_500)
        let total = try await client[2].keep(Self.sum, numbers).value
        #expect(try await total.value == 499_500)
        let pulled = try await client[0].pull(numbers.name, as: [Int].self).value
        #expect(pulled == Array(0..<1_000))
      }
    }

    @Test func aReferenceChoosesTheEngineBesideIt() async throws {
      try await run(engines: 3) { client, _ in
        let numbers = try await client.broadcast([1, 2])
        let number = try await client[2].keep(Self.sum, [7]).value
        for _ in 0..<5 {
          #expect(try await client.loadBalanced().apply(Self.place, numbers, number).value == 2)
        }
        // A direct view has what is elsewhere moved to each of its engines.
        #expect(try await client[...].apply(Self.place, numbers, number).value == [0, 1, 2])
      }
    }

    @Test func aLaterEngineGetsIt() async throws {
      try await run(engines: 1) { client, cluster in
        let numbers = try await client.broadcast([1, 2, 3])
        try cluster.addEngines(2)
        try await client.waitForEngines(3)
        // The client has sent it before it shows the engine.
        #expect(try await client[...].apply(Self.has, numbers.name).value == [true, true, true])
        #expect(try await client[...].apply(Self.sum, numbers).value == [6, 6, 6])
      }
    }

    @Test func thereNeedBeNoEngine() async throws {
      try await run(engines: 0) { client, cluster in
        let numbers = try await client.broadcast([1, 2, 3])
        let sums = try (0..<20).map { _ in try client.loadBalanced().apply(Self.sum, numbers) }
        // These are faster than the news of the engines.
        try cluster.addEngines(2)
        for sum in sums { #expect(try await sum.value == 6) }
      }
    }

    @Test func anEngineIsReplaced() async throws {
      try await run { client, cluster in
        let numbers = try await client.broadcast(Array(0..<100))
        var view = client.loadBalanced()
        view.retries = 2
        for _ in 0..<3 {
          let sums = try (0..<50).map { _ in try view.apply(Self.sum, numbers) }
          try await cluster.kill(client.engines[0])
          try cluster.addEngines()
          for sum in sums { #expect(try await sum.value == 4_950) }
          try await client.waitForEngines(2)
        }
        #expect(try await client[...].apply(Self.sum, numbers).value == [4_950, 4_950])
      }
    }

    @Test func anEngineThatWasClearedGetsItAgain() async throws {
      try await run { client, _ in
        let numbers = try await client.broadcast([1, 2, 3])
        try await client.clear()
        #expect(try await client[...].apply(Self.has, numbers.name).value == [false, false])
        #expect(try await client[...].apply(Self.sum, numbers).value == [6, 6])
        try await client.clear()
        // The function has not run before, so this isn't a second attempt.
        var view = client.loadBalanced()
        view.retry = RetryPolicy(attempts: 2)
        let attempt = try view.apply(Self.attempt, numbers)
        #expect(try await attempt.value == 1)
        #expect(try await client.loadBalanced().apply(Self.sum, numbers).value == 6)
      }
    }

    @Test func theLastCopyFreesIt() async throws {
      try await run { client, _ in
        var name = ""
        do {
          let numbers = try await client.broadcast([1, 2, 3])
          let copy = numbers
          name = numbers.name
          _ = try await client[...].apply(Self.sum, copy).value
          withExtendedLifetime(numbers) {}
        }
        for engine in 0..<2 { try await Self.waitUntil(false, name, on: client[engine]) }
      }
    }

    @Test func releasingItFreesItAfterItsCalls() async throws {
      try await run { client, cluster in
        let numbers = try await client.broadcast([1, 2, 3])
        let sums = try (0..<50).map { _ in try client.loadBalanced().apply(Self.sum, numbers) }
        numbers.release()
        numbers.release()
        for sum in sums { #expect(try await sum.value == 6) }
        let error = #expect(throws: ClientError.self) { try client[0].apply(Self.sum, numbers) }
        #expect(error?.code == .invalidArgument && error?.message.contains("was released") == true)
        for engine in 0..<2 { try await Self.waitUntil(false, numbers.name, on: client[engine]) }
        try cluster.addEngines()
        try await client.waitForEngines(3)
        #expect(try await client[2].apply(Self.has, numbers.name).value == false)
      }
    }

    @Test func aClosedClientFreesItAndFails() async throws {
      try await run(engines: 1) { client, _ in
        let other = try await Client.connect(client.connectionInfo)
        let numbers = try await other.broadcast([1, 2, 3])
        #expect(try await client[0].apply(Self.has, numbers.name).value)
        await other.close()
        try await Self.waitUntil(false, numbers.name, on: client[0])
        await #expect(throws: ClientError.self) { try await other.broadcast([1]) }
        await #expect(throws: ClientError.self) { try await other.loadBalanced().apply(Self.sum, numbers).value }
        #expect(throws: ClientError.self) { try other[...].push(["n": 1], .includingLaterEngines) }
      }
    }

    @Test func pushesReachLaterEnginesFirst() async throws {
      try await run(engines: 1) { client, cluster in
        let events = client.events
        try await client[...].push(["n": 1, "m": 2], .includingLaterEngines).value
        try await client.broadcast().push(["n": 3], .includingLaterEngines).value
        try cluster.addEngines(3)
        var joined: [RegisteredEngine] = []
        for await event in events {
          guard case .engineJoined(let engine) = event else { continue }
          // No wait: the first call finds it.
          #expect(try await client[engine.id].pull(["n", "m"], as: Int.self).value == [3, 2])
          joined.append(engine)
          if joined.count == 3 { break }
        }
        #expect(try await client[0].pull("n", as: Int.self).value == 3)
        client.forgetPushed(["n"])
        try cluster.addEngines()
        try await client.waitForEngines(5)
        #expect(try await client[...].apply(Self.has, "n").value == [true, true, true, true, false])
        #expect(try await client[...].apply(Self.has, "m").value == [true, true, true, true, true])
      }
    }

    @Test func pushesNeedAViewOfAllEnginesAndNoEngine() async throws {
      try await run(engines: 0) { client, cluster in
        let error = #expect(throws: ClientError.self) { try client[[0]].push(["n": 1], .includingLaterEngines) }
        #expect(error?.code == .invalidArgument)
        try await client[...].push(["n": 1], .includingLaterEngines).value
        try await client.broadcast().push(["m": 2], .includingLaterEngines).value
        try cluster.addEngines()
        try await client.waitForEngines(1)
        #expect(try await client[0].pull(["n", "m"], as: Int.self).value == [1, 2])
      }
    }
  }
}

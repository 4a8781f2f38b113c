import MartletClient
import MartletEngine
import MartletTesting
import MartletWire
import Synchronization
import Testing

extension IntegrationTests {
  /// Values that are computed again when they are lost.
  @Suite struct LineageTests {
    /// How often each argument was loaded: engines run in this process.
    private static let loads = Mutex<[String: Int]>([:])
    private static let gate = Mutex(false)

    private static let load = RemoteFunction("load") { (name: String) throws -> [Int] in
      let count = loads.withLock { loads in
        loads[name, default: 0] += 1
        return loads[name] ?? 0
      }
      if name.hasPrefix("once"), count > 1 { throw CancellationError() }
      return Array(0..<100)
    }
    private static let double = RemoteFunction("double") { (name: String, numbers: [Int]) in
      loads.withLock { $0[name, default: 0] += 1 }
      return numbers.map { $0 * 2 }
    }
    private static let sum = RemoteFunction("sum") { (numbers: [Int]) in numbers.reduce(0, +) }
    private static let add = RemoteFunction("add") { (one: Int, numbers: [Int]) in numbers.reduce(one, +) }
    private static let wait = RemoteFunction("wait") { (_: [Int]) async throws in
      loads.withLock { $0["wait", default: 0] += 1 }
      while !gate.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
    }

    private static func loads(of name: String) -> Int { loads.withLock { $0[name] ?? 0 } }

    private func run(
      engines: Int = 2, _ body: (Client, TestCluster, LoadBalancedView) async throws -> Void
    ) async throws {
      let functions: [any RemoteCallable] = [Self.load, Self.double, Self.sum, Self.add, Self.wait]
      try await withTestCluster(functions: functions, engines: engines) { client, cluster in
        var view = client.loadBalanced()
        view.recomputesLost = true
        try await body(client, cluster, view)
      }
    }

    private static func kill(_ engine: RegisteredEngine, _ client: Client, _ cluster: TestCluster) async throws {
      try await cluster.kill(engine)
      while client.engines.contains(where: { $0.uuid == engine.uuid }) { await Task.yield() }
    }

    @Test func aValueThatIsLostWithItsEngineIsComputedAgain() async throws {
      try await run(engines: 3) { client, cluster, view in
        let numbers = try await view.keep(Self.load, "fetched").value
        let first = numbers.engine
        try await Self.kill(first, client, cluster)
        #expect(try await numbers.value == Array(0..<100))
        #expect(numbers.engine != first && Self.loads(of: "fetched") == 2)
        try await Self.kill(numbers.engine, client, cluster)
        #expect(try await view.apply(Self.sum, numbers).value == 4_950)
        #expect(numbers.engine == client.engines[0] && Self.loads(of: "fetched") == 3)
      }
    }

    @Test func itIsComputedOnceForAllWhoNeedIt() async throws {
      try await run(engines: 3) { client, cluster, view in
        let numbers = try await view.keep(Self.load, "shared").value
        try await Self.kill(numbers.engine, client, cluster)
        let sums =
          try (0..<20).map { _ in try view.apply(Self.sum, numbers) }
          + client.engines.map { try client[$0.id].apply(Self.sum, numbers) }
        let mapped = try view.map(Self.add, Array(0..<20), with: numbers)
        for sum in sums { #expect(try await sum.value == 4_950) }
        #expect(try await mapped.value == (4_950..<4_970).map { $0 })
        #expect(try await numbers.value.count == 100)
        #expect(Self.loads(of: "shared") == 2)
      }
    }

    @Test func argumentsAreComputedAgainFirst() async throws {
      try await run { client, cluster, view in
        let numbers = try await view.keep(Self.load, "base").value
        let doubled = try await view.keep(Self.double, "doubled", numbers).value
        let again = try await view.keep(Self.double, "again", doubled).value
        #expect(again.engine == numbers.engine)
        try await Self.kill(numbers.engine, client, cluster)
        #expect(try await view.apply(Self.sum, again).value == 19_800)
        for name in ["base", "doubled", "again"] { #expect(Self.loads(of: name) == 2) }
      }
    }

    @Test func anArgumentThatMayNotBeComputedAgainIsLost() async throws {
      try await run { client, cluster, view in
        let numbers = try await client.loadBalanced().keep(Self.load, "unique").value
        let doubled = try await view.keep(Self.double, "of unique", numbers).value
        try await Self.kill(numbers.engine, client, cluster)
        for call in [
          { try await doubled.value.count }, { try await view.apply(Self.sum, doubled).value },
          { try await client[...].apply(Self.sum, doubled).value[0] },
        ] {
          let error = await #expect(throws: ReferenceLost.self) { try await call() }
          #expect(error?.name == numbers.name)
        }
        #expect(Self.loads(of: "unique") == 1)
      }
    }

    @Test func aClearedEngineComputesItAgain() async throws {
      try await run(engines: 1) { client, _, view in
        let numbers = try await view.keep(Self.load, "cleared").value
        for round in 2...4 {
          try await client.clear()
          switch round {
          case 2: #expect(try await numbers.value.count == 100)
          case 3: #expect(try await view.apply(Self.sum, numbers).value == 4_950)
          default: #expect(try await client[0].apply(Self.sum, numbers).value == 4_950)
          }
          #expect(Self.loads(of: "cleared") == round)
        }
      }
    }

    @Test func tasksThatWaitForADyingEngineGoWhereTheValueIsComputed() async throws {
      try await run { client, cluster, view in
        let numbers = try await view.keep(Self.load, "queued").value
        let running = try view.apply(Self.wait, numbers)
        while Self.loads(of: "wait") == 0 { await Task.yield() }
        let waiting = try (0..<20).map { _ in try view.apply(Self.sum, numbers) }
        try await cluster.kill(numbers.engine)
        // What has been sent to the engine may have begun there.
        await #expect(throws: EngineError.self) { try await running.value }
        for sum in waiting {
          do {
            #expect(try await sum.value == 4_950)
          } catch is EngineError {}
        }
        Self.gate.withLock { $0 = true }
        #expect(try await view.apply(Self.sum, numbers).value == 4_950)
        #expect(Self.loads(of: "queued") == 2)
      }
    }

    @Test func tasksAreTriedAgainWhereTheValueIsComputed() async throws {
      try await run { client, cluster, view in
        var view = view
        view.retry = RetryPolicy(attempts: 3, backoff: .none)
        let numbers = try await view.keep(Self.load, "retried").value
        let sums = try (0..<20).map { _ in try view.apply(Self.sum, numbers) }
        try await cluster.kill(numbers.engine)
        for sum in sums { #expect(try await sum.value == 4_950) }
        #expect(Self.loads(of: "retried") <= 2)
      }
    }

    @Test func aCallThatFailsTheSecondTimeSaysSo() async throws {
      try await run { client, cluster, view in
        let numbers = try await view.keep(Self.load, "once").value
        try await Self.kill(numbers.engine, client, cluster)
        await #expect(throws: RemoteError.self) { try await numbers.value }
        await #expect(throws: RemoteError.self) { try await view.apply(Self.sum, numbers).value }
        #expect(Self.loads(of: "once") == 3)
      }
    }
  }
}

import Martlet
import MartletTesting
import Synchronization
import Testing

/// What a test can do to the messages of its engines.
@Suite(.timeLimit(.minutes(2))) struct TestNetworkTests {
  private static let square = RemoteFunction("square") { (x: Int) in x * x }

  /// A function that counts its calls.
  private final class Counter: Sendable {
    private let calls = Mutex(0)
    var total: Int { calls.withLock { $0 } }

    func count() { calls.withLock { $0 += 1 } }

    var function: RemoteFunction<Int, Int> {
      RemoteFunction("count") { (x: Int) in
        self.count()
        return x
      }
    }

    func wait(for count: Int) async throws {
      while total < count { try await Task.sleep(for: .milliseconds(1)) }
    }
  }

  @Test func aStalledEngineAnswersLater() async throws {
    let counter = Counter()
    try await withTestCluster(functions: [counter.function, Self.square], engines: 2) { client, cluster in
      let (slow, quick) = (client.engines[0], client.engines[1])
      await cluster.delay(slow, by: .seconds(3600))
      let late = try client[slow.id].apply(counter.function, 3)
      #expect(try await client[quick.id].apply(Self.square, 3).value == 9)
      #expect(try await !late.wait(timeout: .milliseconds(50)))
      #expect(counter.total == 0)
      await cluster.delay(slow, by: .zero)
      #expect(try await late.value == 3)
      // With a result on its way.
      await cluster.delay(slow, by: .milliseconds(20))
      #expect(try await client[slow.id].map(counter.function, [1, 2, 3]).value == [1, 2, 3])
      #expect(counter.total == 4)
    }
  }

  @Test func anEngineThatIsCutOffLosesItsTaskAndComesBack() async throws {
    let counter = Counter()
    let gate = Mutex(false)
    let wait = RemoteFunction("wait") { () async throws -> Int in
      counter.count()
      while !gate.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
      return EngineContext.current?.engineID ?? -1
    }
    try await withTestCluster(functions: [wait, Self.square], engines: 2) { client, cluster in
      let engine = client.engines[0]
      let lost = try client[engine.id].apply(wait)
      try await counter.wait(for: 1)
      try await cluster.cutOff(engine)
      let error = try #require(await #expect(throws: EngineError.self) { try await lost.value })
      #expect("\(error)".contains("was cut off by the test"))
      #expect(try await client.loadBalanced().map(Self.square, [1, 2, 3]).value == [1, 4, 9])
      #expect(client.ids == [client.engines[0].id] && !client.engines.contains(engine))
      gate.withLock { $0 = true }
      try await cluster.reconnect(engine)
      try await client.waitForEngines(2)
      #expect(client.engines.contains(engine))
      #expect(try await client[engine.id].apply(wait).value == engine.id)
    }
  }

  @Test func whatAnEngineRunsThatIsCutOffRunsElsewhere() async throws {
    let calls = Mutex<[Int]>([])
    let wait = RemoteFunction("wait") { () async throws -> Int in
      let engine = EngineContext.current?.engineID ?? -1
      let isFirst = calls.withLock {
        $0.append(engine)
        return $0.count == 1
      }
      while isFirst { try await Task.sleep(for: .seconds(3600)) }
      return engine
    }
    try await withTestCluster(functions: [wait], engines: 2) { client, cluster in
      var view = client.loadBalanced()
      view.retries = 1
      let result = try view.apply(wait)
      while calls.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(1)) }
      let first = try #require(calls.withLock { $0.first })
      try await cluster.cutOff(try #require(client.engines.first { $0.id == first }))
      let second = try await result.value
      #expect(second != first)
      let seen = calls.withLock { $0 }
      #expect(seen == [first, second])
    }
  }

  @Test func aLostTaskIsTriedAgain() async throws {
    let counter = Counter()
    try await withTestCluster(functions: [counter.function], engines: 1) { client, cluster in
      var view = client.loadBalanced()
      view.retries = 1
      await cluster.loseNextTask()
      let value = try await view.apply(counter.function, 5).value
      #expect(value == 5 && counter.total == 1)
    }
  }

  @Test func aLostResultFailsWithTheTaskDone() async throws {
    let counter = Counter()
    try await withTestCluster(functions: [counter.function], engines: 2) { client, cluster in
      let engine = client.engines[1]
      await cluster.loseNextResult(of: engine)
      #expect(try await client[client.engines[0].id].apply(counter.function, 1).value == 1)
      let error = try await #require(throws: RemoteError.self) {
        try await client[engine.id].apply(counter.function, 5).value
      }
      #expect(error.ename == "TaskLost")
      #expect(counter.total == 2)
      #expect(try await client[engine.id].apply(counter.function, 6).value == 6)
    }
  }
}

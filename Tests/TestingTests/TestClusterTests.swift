import Martlet
import MartletEngine
import MartletTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct TestClusterTests {
  private static let square = RemoteFunction("square") { (x: Int) in x * x }

  @Test func callsRunInThisProcess() async throws {
    let count = RemoteFunction("count") { (x: Int) in
      CallCounter.shared.withLock { $0 += x }
      return x
    }
    try await withTestCluster(functions: [Self.square, count]) { client in
      #expect(client.ids == [0, 1])
      let squares = try await client.loadBalanced().map(Self.square, [1, 2, 3]).value
      #expect(squares == [1, 4, 9])
      #expect(try await client[...].apply(count, 2).value == [2, 2])
    }
    #expect(CallCounter.shared.withLock { $0 } == 4)
  }

  @Test func clustersDoNotMeet() async throws {
    try await withThrowingTaskGroup { group in
      for number in 1...8 {
        group.addTask {
          let own = RemoteFunction("own") { number }
          return try await withTestCluster(functions: [own], engines: 1) { try await $0[0].apply(own).value }
        }
      }
      var seen: Set<Int> = []
      for try await number in group { seen.insert(number) }
      #expect(seen == Set(1...8))
    }
  }

  @Test func whatTheBodyThrowsIsThrown() async throws {
    struct Wrong: Error {}
    await #expect(throws: Wrong.self) { try await withTestCluster(functions: []) { _ in throw Wrong() } }
  }

  @Test func aKilledEngineLosesItsTask() async throws {
    let endless = RemoteFunction("endless") { () async throws -> Int in
      try await Task.sleep(for: .seconds(3600))
      return 0
    }
    try await withTestCluster(functions: [Self.square, endless], engines: 2) { client, cluster in
      let lost = try client[0].apply(endless)
      let engine = try #require(client.engines.first)
      try await cluster.kill(engine)
      let error = try #require(await #expect(throws: EngineError.self) { try await lost.value })
      #expect("\(error)".contains("the test has killed it"))
      #expect(try await client.loadBalanced().apply(Self.square, 3).value == 9)
      try cluster.addEngines()
      try await client.waitForEngines(2)
      #expect(try await client[...].apply(Self.square, 2).value == [4, 4])
    }
  }

  @Test func enginesArePreparedAndCleanedUp() async throws {
    let seen = Mutex<[String]>([])
    let factor = RemoteFunction("factor") { () throws in
      try EngineContext.current?.value(named: "factor", as: Int.self) ?? 0
    }
    let lifecycle = EngineLifecycle {
      try $0.set("factor", to: 10 + $0.engineID)
      #expect(EngineContext.current?.engineUUID == $0.engineUUID && EngineContext.current?.taskID == nil)
    } willStop: { context in
      seen.withLock { $0.append("engine \(context.engineID)") }
    }
    try await withTestCluster(functions: [factor], engines: 3, lifecycle: lifecycle) { client, cluster in
      #expect(try await client[...].apply(factor).value.sorted() == [10, 11, 12])
      // As if its process had been killed.
      try await cluster.kill(try #require(client.engines.first { $0.id == 1 }))
    }
    #expect(seen.withLock { $0.sorted() } == ["engine 0", "engine 2"])
  }

  @Test func anEngineThatCanNotBePreparedFailsTheTest() async throws {
    struct NoModel: Error {}
    let error = await #expect(throws: EngineRunError.self) {
      try await withTestCluster(functions: [], lifecycle: EngineLifecycle { _ in throw NoModel() }) { _ in
        Issue.record("the body runs")
      }
    }
    #expect(error?.code == .startFailed && error?.message.contains("NoModel()") == true)
  }

  @Test func aTaskThatMayRunTwiceSurvivesItsEngine() async throws {
    let (begun, continuation) = AsyncStream.makeStream(of: Int.self)
    let run = RemoteFunction("run") { () async throws -> Int in
      let context = try #require(EngineContext.current)
      continuation.yield(context.engineID)
      if context.attempt == 1 { try await Task.sleep(for: .seconds(3600)) }
      return context.attempt
    }
    try await withTestCluster(functions: [run], engines: 2) { client, cluster in
      var view = client.loadBalanced()
      view.isIdempotent = true
      let result = try view.apply(run)
      let id = await begun.first { _ in true }
      try await cluster.kill(try #require(client.engines.first { $0.id == id }))
      #expect(try await result.value == 2)
    }
  }

  @Test func tasksGetWhatTheyRequire() async throws {
    try await withTestCluster(functions: [Self.square], engines: 1) { client, cluster in
      var view = client.loadBalanced()
      view.requires = ["gpu": 1, "memory": .gigabytes(8)]
      let waiting = try view.apply(Self.square, 3)
      view.failsWithoutResources = true
      let error = try await #require(throws: RemoteError.self) { try await view.apply(Self.square, 4).value }
      #expect(error.ename == "ImpossibleDependency")
      #expect(try await waiting.why == "it requires gpu 1, memory 8000000000, which no engine offers")
      try cluster.addEngines(resources: ["gpu": 2, "memory": .gigabytes(16)])
      try await client.waitForEngines(2)
      #expect(try await waiting.value == 9)
      #expect(try await view.map(Self.square, [1, 2, 3]).value == [1, 4, 9])
      let engines = waiting.metadata.compactMap(\.engineUUID)
      #expect(engines == client.engines.filter { $0.id == 1 }.map(\.uuid))
    }
  }

  @Test func retriesSurviveAKilledEngine() async throws {
    try await withTestCluster(functions: [Gate.function], engines: 2) { client, cluster in
      var view = client.loadBalanced()
      view.retries = 1
      let result = try view.apply(Gate.function)
      // The first call waits until its engine has been killed.
      while Gate.calls.load(ordering: .acquiring) == 0 { await Task.yield() }
      let busy = try #require(client.engines.first { $0.id == Gate.engine.load(ordering: .acquiring) })
      try await cluster.kill(busy)
      #expect(try await result.value == 2)
    }
  }

  private enum CallCounter { static let shared = Mutex(0) }

  private enum Gate {
    static let calls = Atomic(0)
    static let engine = Atomic(-1)
    static let function = RemoteFunction("gate") { () async throws -> Int in
      engine.store(EngineContext.current?.engineID ?? -1, ordering: .releasing)
      let call = calls.add(1, ordering: .acquiringAndReleasing).newValue
      if call == 1 { try await Task.sleep(for: .seconds(3600)) }
      return call
    }
  }
}

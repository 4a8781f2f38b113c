import Distributed
import Martlet
import MartletTesting
import Synchronization
import Testing

/// Calls that actors and functions make on engines: of each other, of those of other engines, and in circles.
@Suite(.timeLimit(.minutes(2))) struct EngineCallTests {
  @Test func actorsCallThoseOfOtherEngines() async throws {
    try await withTestCluster(functions: [counters, relays]) { client in
      let one = try await client[0].create(counters, 1)
      let far = try await client[1].create(counters, 20)
      #expect(try await one.take(from: far) == 21)
      #expect(try await far.take(from: one) == 41)
      let relay = try await client[0].create(relays)
      #expect(try await relay.addFar(far, 1000) == Array(42...1041))
      #expect(try await far.value == 1041)
    }
  }

  @Test func actorsCallThemselvesAndTheirNeighbours() async throws {
    try await withTestCluster(functions: [relays], engines: 1) { client in
      let (one, two) = (try await client[0].create(relays), try await client[0].create(relays))
      #expect(try await one.visit([one, two, one, two, two]) == Array(repeating: 0, count: 6))
    }
  }

  @Test func callsGoInCircles() async throws {
    try await withTestCluster(functions: [relays]) { client in
      let (one, two) = (try await client[0].create(relays), try await client[1].create(relays))
      let path = (0..<20).map { $0 % 2 == 0 ? two : one }
      #expect(try await one.visit(path) == (0...20).map { $0 % 2 })
    }
  }

  @Test func enginesThatCallEachOtherDoNotWaitForever() async throws {
    let visit = RemoteFunction("visit") { (path: [Relay]) async throws -> [Int] in
      try await path[0].visit(Array(path.dropFirst()))
    }
    try await withTestCluster(functions: [relays, visit]) { client in
      let (one, two) = (try await client[0].create(relays), try await client[1].create(relays))
      // Each engine is busy with a function that waits for an actor of the other, which calls back.
      let results = try (0..<50).flatMap { _ in
        [try client[0].apply(visit, [two, one, two]), try client[1].apply(visit, [one, two, one])]
      }
      for (number, result) in results.enumerated() {
        #expect(try await result.value == (number % 2 == 0 ? [1, 0, 1] : [0, 1, 0]))
      }
    }
  }

  @Test func functionsCallActors() async throws {
    let sum = RemoteFunction("sum") { (counters: [Counter]) async throws -> Int in
      var sum = 0
      for counter in counters { sum += try await counter.value }
      return sum
    }
    let name = RemoteFunction("name") { (id: RemoteActorID) async throws -> Int in
      try await Counter.resolve(id: id, using: try #require(MartletActorSystem.current)).value
    }
    try await withTestCluster(functions: [counters, sum, name]) { client in
      let (one, two) = (try await client[0].create(counters, 1), try await client[1].create(counters, 2))
      for engine in 0..<2 {
        #expect(try await client[engine].apply(sum, [one, two]).value == 3)
        #expect(try await client[engine].apply(name, two.id).value == 2)
      }
      let sums = try await client.loadBalanced().map(sum, Array(repeating: [two, one], count: 20)).value
      #expect(sums == Array(repeating: 3, count: 20))
    }
  }

  @Test func concurrentFunctionsCallActors() async throws {
    let add = RemoteFunction("add", concurrency: 8) { (counter: Counter, number: Int) async throws -> Int in
      try await counter.add(number)
    }
    try await withTestCluster(functions: [counters, add]) { client in
      let counter = try await client[1].create(counters, 0)
      let sums = try await client.loadBalanced().map(
        add, Array(repeating: counter, count: 200), Array(repeating: 1, count: 200)
      ).value
      #expect(sums.sorted() == Array(1...200))
    }
  }

  @Test func errorsArriveAsTheyWere() async throws {
    try await withTestCluster(functions: [counters, relays]) { client in
      let relay = try await client[0].create(relays)
      let counter = try await client[1].create(counters, 0)
      await #expect(throws: Counter.Overflow(limit: 7)) { try await relay.fail(counter, 7) }
      let other = try await client[1].create(relays)
      let endless = await #expect(throws: RemoteError.self) { try await relay.chase(other) }
      #expect(endless?.ename == "RecursionError")
      #expect(endless?.evalue == "Relay: 256 calls on engines wait for this one; do they call each other?")
      #expect(try await relay.visit([other]) == [0, 1])
    }
  }

  @Test func theEndOfAnEngineIsNoticedByOthers() async throws {
    try await withTestCluster(functions: [counters, relays], engines: 3) { client, cluster in
      let (caller, watcher) = (try await client[0].create(relays), try await client[2].create(relays))
      let counter = try await client[1].create(counters, 0)
      #expect(try await caller.addFar(counter, 1) == [1])
      #expect(try await watcher.addFar(counter, 1) == [2])
      async let end = watcher.watch(counter)
      let lost = Task { try await caller.sleep(counter) }
      while !Counter.sleepers.withLock({ $0.contains(counter.id) }) { await Task.yield() }
      let engine = try #require(client.engines.first { $0.uuid == counter.id.place })
      try await cluster.kill(engine)
      #expect(try await end == "the engine has left the cluster: the test has killed it")
      let error = await #expect(throws: ActorTerminated.self) { try await lost.value }
      #expect(error?.actor == counter.id.description)
      #expect(error?.engineID == engine.id)
      let later = await #expect(throws: ActorTerminated.self) { try await caller.addFar(counter, 1) }
      #expect(later?.reason == "the engine has left the cluster: the test has killed it")
    }
  }

  @Test func enginesReleaseActors() async throws {
    try await withTestCluster(functions: [counters, relays]) { client in
      let relay = try await client[0].create(relays)
      let counter = try await client[1].create(counters, 0)
      try await relay.release(counter)
      let error = await #expect(throws: ActorTerminated.self) { try await relay.addFar(counter, 1) }
      #expect(error?.reason == "it was released")
    }
  }

  @Test func aCancelledFunctionWaitsForNoActor() async throws {
    let wait = RemoteFunction("wait") { (counter: Counter) async throws in try await counter.sleep() }
    try await withTestCluster(functions: [counters, wait]) { client in
      let counter = try await client[1].create(counters, 0)
      let result = try client[0].apply(wait, counter)
      while !Counter.sleepers.withLock({ $0.contains(counter.id) }) { await Task.yield() }
      result.cancel(running: true)
      let error = await #expect(throws: RemoteError.self) { try await result.value }
      #expect(error?.ename == "CancellationError")
      // The engine is free again.
      #expect(try await client[0].create(counters, 3).value == 3)
    }
  }
}

/// An actor that calls others.
distributed actor Relay {
  typealias ActorSystem = MartletActorSystem

  /// The ids of the engines along a path.
  distributed func visit(_ path: [Relay]) async throws -> [Int] {
    let here = EngineContext.current?.engineID ?? -1
    guard let next = path.first else { return [here] }
    return [here] + (try await next.visit(Array(path.dropFirst())))
  }

  distributed func addFar(_ counter: Counter, _ count: Int) async throws -> [Int] {
    var sums: [Int] = []
    for _ in 0..<count { sums.append(try await counter.add(1)) }
    return sums
  }

  distributed func fail(_ counter: Counter, _ limit: Int) async throws { try await counter.fail(with: limit) }

  distributed func chase(_ other: Relay) async throws { try await other.chase(self) }

  distributed func sleep(_ counter: Counter) async throws { try await counter.sleep() }

  distributed func watch(_ counter: Counter) async throws -> String { try await counter.whenTerminated().reason }

  distributed func release(_ counter: Counter) async throws { try await counter.release() }
}

let relays = RemoteActor { (system: MartletActorSystem) in Relay(actorSystem: system) }

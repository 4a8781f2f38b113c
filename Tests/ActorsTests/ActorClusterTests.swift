import Distributed
import Martlet
import MartletTesting
import Synchronization
import Testing

/// Actors on the engines of a cluster, with real sockets.
@Suite(.timeLimit(.minutes(2))) struct ActorClusterTests {
  @Test func callsReachTheirActor() async throws {
    try await withTestCluster(functions: [counters, others]) { client in
      let one = try await client[0].create(counters, 5)
      let two = try await client[1].create(counters, 100)
      #expect(try await one.add(3) == 8)
      #expect(try await two.add(1) == 101)
      #expect(try await one.add(2, times: 10) == 28)
      #expect(try await one.value == 28)
      #expect(try await one.double() == 56)
      #expect(try await one.describe(["a": 1.5], at: nil) == "[(key: \"a\", value: 1.5)] nil")
      try await one.reset()
      #expect(try await one.value == 0)
      #expect(one.id.place == client.engines[0].uuid)
      #expect(two.id.place == client.engines[1].uuid)
    }
  }

  @Test func theFreestEngineTakesAnActor() async throws {
    try await withTestCluster(functions: [counters]) { client in
      let counter = try await client.loadBalanced().create(counters, 1)
      #expect(client.engines.map(\.uuid).contains(counter.id.place))
      #expect(try await counter.add(1) == 2)
    }
  }

  @Test func errorsArriveAsTheyWere() async throws {
    try await withTestCluster(functions: [counters], engines: 1) { client in
      let counter = try await client[0].create(counters, 0)
      let overflow = await #expect(throws: Counter.Overflow.self) { try await counter.fail(with: 7) }
      #expect(overflow == Counter.Overflow(limit: 7))
      let other = await #expect(throws: RemoteError.self) { try await counter.failPrivately() }
      #expect(other?.evalue == "not Codable")
      let generic = await #expect(throws: ClientError.self) { try await counter.echo(1) }
      #expect(generic?.code == .invalidArgument)
      await #expect(throws: Counter.Overflow(limit: -1)) { try await client[0].create(counters, -1) }
      #expect(try await counter.add(1) == 1)
    }
  }

  @Test func callsRunOnceAndOneAfterTheOther() async throws {
    try await withTestCluster(functions: [counters], engines: 1) { client in
      let counter = try await client[0].create(counters, 0)
      let sums = try await withThrowingTaskGroup { group in
        for _ in 0..<1000 { group.addTask { try await counter.add(1) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(sums.sorted() == Array(1...1000))
    }
  }

  @Test func callsByNameRunInOrder() async throws {
    try await withTestCluster(functions: [counters], engines: 1) { client in
      let counter = try await client[0].create(counters, 0)
      let id = PickleValue.string(counter.id.description)
      let results = try (0..<1000).map { number in
        try client[0].apply(
          name: "Counter", args: [.string("call"), id, .string("add"), .int(number)], as: Int.self)
      }
      var sum = 0
      for (number, result) in results.enumerated() {
        sum += number
        #expect(try await result.value == sum)
      }
    }
  }

  @Test func handlesArePassedAround() async throws {
    let total = RemoteFunction("total") { (ids: [RemoteActorID]) async throws -> Int in
      let system = try #require(MartletActorSystem.current)
      var sum = 0
      for id in ids { sum += try await Counter.resolve(id: id, using: system).value }
      return sum
    }
    try await withTestCluster(functions: [counters, total]) { client in
      let one = try await client[0].create(counters, 1)
      let two = try await client[0].create(counters, 2)
      #expect(try await one.take(from: two) == 3)
      #expect(try await one.identity() == one)
      #expect(try await client[0].apply(total, [one.id, two.id]).value == 5)
      let text = one.id.description
      let same = try Counter.resolve(id: try #require(RemoteActorID(text)), using: client.actors)
      #expect(try await same.value == 3)
    }
  }

  @Test func functionsReturnHandles() async throws {
    let find = RemoteFunction("find") { (index: Int, counters: [Counter]) in counters[index] }
    let rank = RemoteFunction("rank") { (counters: [Counter]) async throws -> [Int: Counter] in
      var ranked: [Int: Counter] = [:]
      for counter in counters { ranked[try await counter.value] = counter }
      return ranked
    }
    try await withTestCluster(functions: [counters, find, rank]) { client in
      let all = [try await client[0].create(counters, 1), try await client[1].create(counters, 20)]
      let found = try await client[0].apply(find, 1, all).value
      #expect(found == all[1])
      #expect(try await found.add(1) == 21)
      #expect(try await client[...].apply(find, 0, all).value == [all[0], all[0]])
      #expect(try await client.loadBalanced().map(find, [1, 0], [all, all]).value == [all[1], all[0]])
      let ranked = try await client.loadBalanced().apply(rank, all).value
      #expect(ranked == [1: all[0], 21: all[1]])
      #expect(try await ranked[1]?.add(1) == 2)
    }
  }

  @Test func aReleasedActorSaysSo() async throws {
    let ends = EndCounter()
    try await withTestCluster(functions: [ends.counters], engines: 1) { client in
      let counter = try await client[0].create(ends.counters)
      let other = try Counter.resolve(id: try #require(RemoteActorID(counter.id.description)), using: client.actors)
      async let end = counter.whenTerminated()
      try await counter.release()
      try await counter.release()
      #expect(ends.count == 1)
      for handle in [counter, other] {
        let error = await #expect(throws: ActorTerminated.self) { try await handle.add(1) }
        #expect(error?.engineID == 0)
        #expect(error?.reason == "it was released")
        #expect(error?.actor == counter.id.description)
      }
      #expect(try await end.reason == "it was released")
    }
  }

  @Test func theLastHandleReleases() async throws {
    let ends = EndCounter()
    try await withTestCluster(functions: [ends.counters], engines: 1) { client in
      try await useAndDrop(client, ends)
      // Behind the release in the engine's queue.
      #expect(try await client[0].create(ends.counters).add(1) == 1)
      #expect(ends.count >= 1)
    }
  }

  private func useAndDrop(_ client: Client, _ ends: EndCounter) async throws {
    let id = try await client[0].create(ends.counters).id
    // The actor's id keeps it alive, too.
    let again = try Counter.resolve(id: id, using: client.actors)
    #expect(try await again.add(1) == 1)
    #expect(ends.count == 0)
  }

  @Test func actorsEndWithTheirEngine() async throws {
    let ends = EndCounter()
    try await withTestCluster(functions: [ends.counters], engines: 2) { client, cluster in
      let counter = try await client[0].create(ends.counters)
      let known = try Counter.resolve(id: try #require(RemoteActorID(counter.id.description)), using: client.actors)
      async let end = counter.whenTerminated()
      let call = Task { try await counter.sleep() }
      #expect(try await client[1].create(ends.counters).add(1) == 1)
      try await cluster.kill(try #require(client.engines.first))
      let reason = try await end
      #expect(reason.engineID == 0)
      #expect(reason.reason == "the engine has left the cluster: the test has killed it")
      #expect(try await known.whenTerminated() == reason)
      let lost = await #expect(throws: ActorTerminated.self) { try await call.value }
      #expect(lost?.engineID == 0)
      let later = await #expect(throws: ActorTerminated.self) { try await counter.add(1) }
      #expect(later?.description.contains("on engine 0 has ended: the engine has left the cluster") == true)
    }
  }

  @Test func waitingForTheEndEndsWithTaskOrClient() async throws {
    try await withTestCluster(functions: [counters], engines: 1) { client in
      let counter = try await client[0].create(counters, 0)
      let waiting = Task { try await counter.whenTerminated() }
      #expect(try await counter.add(1) == 1)
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      let again = Task { try await counter.whenTerminated() }
      await client.close()
      let closed = await #expect(throws: ClientError.self) { try await again.value }
      #expect(closed?.code == .closed)
      await #expect(throws: ClientError.self) { try await counter.add(1) }
    }
  }

  @Test func hostileCallsAreRefused() async throws {
    try await withTestCluster(functions: [counters, others], engines: 1) { client in
      let counter = try await client[0].create(counters, 0)
      let id = PickleValue.string(counter.id.description)
      let foreign = PickleValue.string("Counter/1@elsewhere")
      let calls: [[PickleValue]] = [
        [], [.none], [.string("call"), id, .string("reveal")], [.string("call"), id, .string("")],
        [.string("call"), id, .string("$s")], [.string("call"), id, .string("add")],
        [.string("call"), id, .string("add"), .string("x")], [.string("call"), foreign, .string("add"), .int(1)],
        [.string("call"), id, .string("echo"), .int(1)], [.string("call"), id, .string("take"), .string("x")],
        [.string("call"), id, .string("take"), foreign], [.string("create"), .string("x")], [.string("create")],
        [.string("call"), .string("Counter/99@\(counter.id.place)"), .string("value")],
        [.string("call"), id, .string(String(repeating: "A", count: 1_000_000))],
      ]
      for arguments in calls {
        await #expect(throws: (any Error).self, "\(arguments.prefix(3))") {
          try await client[0].apply(name: "Counter", args: arguments).value
        }
      }
      await #expect(throws: RemoteError.self) {
        try await client[0].apply(name: "Other", args: [.string("call"), id, .string("add"), .int(1)]).value
      }
      #expect(try await counter.add(1) == 1)
    }
  }
}

/// Counts the actors that have ended.
private final class EndCounter: Sendable {
  private let ended = Mutex(0)

  var count: Int { ended.withLock { $0 } }

  var counters: RemoteActor<Counter> {
    RemoteActor { (system: MartletActorSystem) in
      Counter(from: 0, onEnd: { self.ended.withLock { $0 += 1 } }, actorSystem: system)
    }
  }
}

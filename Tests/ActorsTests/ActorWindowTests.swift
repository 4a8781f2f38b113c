import Distributed
import Martlet
import MartletTesting
import Synchronization
import Testing

@testable import MartletClient

/// How many calls to an actor are unanswered at a time.
@Suite(.timeLimit(.minutes(2))) struct ActorWindowTests {
  /// Waits until so many calls are under way, and so many wait for their turn.
  private func wait(_ client: Client, open: Int, waiting: Int) async throws {
    while client.actorWindows.counts != (open, waiting) { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test func callsBeyondTheWindowWait() async throws {
    try await withTestCluster(functions: [counters], engines: 1) { client in
      #expect(client.actorWindow == 1000)
      client.actorWindow = 4
      let (slow, other) = (try await client[0].create(counters, 0), try await client[0].create(counters, 0))
      try await withThrowingTaskGroup { group in
        for number in 1...20 {
          group.addTask { try await slow.pass(number) }
          try await wait(client, open: min(number, 4), waiting: max(number - 4, 0))
        }
        // More are not on their way.
        #expect(try await client.queueStatus().engines[0]?.queue ?? 0 <= 4)
        // Actors are counted by themselves.
        async let quick = other.add(1)
        try await wait(client, open: 5, waiting: 16)
        Counter.gate.withLock { _ = $0.insert(slow.id) }
        let sums = try await group.reduce(into: []) { $0.append($1) }
        #expect(sums.count == 20 && sums.max() == 210)
        #expect(try await quick == 1)
      }
      #expect(client.actorWindows.counts == (0, 0))
    }
  }

  @Test func whoIsCancelledDoesNotWait() async throws {
    try await withTestCluster(functions: [counters], engines: 1) { client in
      client.actorWindow = 1
      let slow = try await client[0].create(counters, 0)
      let first = Task { try await slow.pass(1) }
      try await wait(client, open: 1, waiting: 0)
      let second = Task { try await slow.pass(10) }
      try await wait(client, open: 1, waiting: 1)
      let third = Task { try await slow.pass(100) }
      try await wait(client, open: 1, waiting: 2)
      second.cancel()
      await #expect(throws: CancellationError.self) { try await second.value }
      try await wait(client, open: 1, waiting: 1)
      // More room is for those who wait.
      client.actorWindow = 2
      try await wait(client, open: 2, waiting: 0)
      Counter.gate.withLock { _ = $0.insert(slow.id) }
      let sums = [try await first.value, try await third.value]
      #expect(sums == [1, 101])
    }
  }

  @Test func callersDoNotWaitForAnActorThatIsGone() async throws {
    try await withTestCluster(functions: [counters], engines: 1) { client, cluster in
      client.actorWindow = 1
      let slow = try await client[0].create(counters, 0)
      try await withThrowingTaskGroup { group in
        for number in 1...3 { group.addTask { try await slow.pass(number) } }
        try await wait(client, open: 1, waiting: 2)
        try await cluster.kill(client.engines[0])
        var ends = 0
        while let result = await group.nextResult() {
          #expect(throws: ActorTerminated.self) { try result.get() }
          ends += 1
        }
        #expect(ends == 3)
      }
    }
  }
}

/// The order of calls that wait for their turn.
@Suite struct CallWindowTests {
  @Test func theFirstInLineIsNext() {
    var window = CallWindow<String>()
    #expect(window.begin(limit: 2) && window.begin(limit: 2) && !window.begin(limit: 2))
    let tickets = ["a", "b", "c"].map { window.wait($0) }
    #expect(window.cancel(tickets[0]) == "a" && window.cancel(tickets[0]) == nil)
    #expect(window.takeReady(limit: 2) == [])
    // Room is for those who wait.
    window.end()
    #expect(window.begin(limit: 2) == false)
    #expect(window.takeReady(limit: 2) == ["b"])
    #expect(window.cancel(tickets[1]) == nil)
    #expect(window.takeReady(limit: 3) == ["c"] && window.openCount == 3 && window.waitingCount == 0)
    for _ in 0..<3 { window.end() }
    #expect(window.takeReady(limit: 2) == [] && window.openCount == 0)
    #expect(window.begin(limit: 1) == true)
  }
}

import Synchronization
import Testing

@testable import MartletClient

@Suite(.timeLimit(.minutes(1))) struct ClusterEventTests {
  @Test func saysWhichEnginesComeAndGoInOrder() async throws {
    try await FakeCluster.withClient { client, cluster in
      var events = client.events.makeAsyncIterator()
      try await cluster.gain(2)
      #expect(await events.next() == .engineJoined(RegisteredEngine(id: 2, uuid: "engine-2")))
      try await cluster.lose(0, reason: "killed by SIGKILL")
      #expect(
        await events.next() == .engineLeft(RegisteredEngine(id: 0, uuid: "engine-0"), reason: "killed by SIGKILL"))
      #expect(client.ids == [1, 2])
    }
  }

  @Test(arguments: ["first", "second"]) func saysThatTheControllerIsGoneAndBack(_ instance: String) async throws {
    var configuration = ClientConfiguration()
    configuration.reconnectTimeout = .milliseconds(200)
    try await FakeCluster.withClient(configuration: configuration) { client, cluster in
      var events = client.events.makeAsyncIterator()
      await cluster.goDown()
      #expect(await events.next() == .controllerMissing)
      #expect(await events.next() == .controllerLost)
      await cluster.gainSilently(2)
      try await cluster.comeBack(as: instance)
      let rest = [await events.next(), await events.next()]
      #expect(rest.contains(.engineJoined(RegisteredEngine(id: 2, uuid: "engine-2"))))
      #expect(rest.contains(.controllerReturned(isRestarted: instance != "first")))
    }
  }

  @Test func endsWithTheClient() async throws {
    try await FakeCluster.with { cluster in
      let client = try await Client.connect(cluster.info)
      let events = client.events
      await client.close()
      for await _ in events {}
      // A later reader doesn't wait either.
      for await _ in client.events {}
    }
  }

  @Test func aReaderThatLeavesIsForgotten() async throws {
    try await FakeCluster.withClient { client, cluster in
      func count() -> Int { client.connection.directory.withLock { $0.watchers.count } }
      let reader = Task { for await _ in client.events where Task.isCancelled { return } }
      try await wait("the reader") { count() == 1 }
      reader.cancel()
      await reader.value
      try await wait("its end") { count() == 0 }
      // So is one that waits for engines.
      try await cluster.gain(2)
      try await client.waitForEngines(3)
      try await wait("the end of the wait") { count() == 0 }
    }
  }
}

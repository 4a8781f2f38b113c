import MartletWire
import Synchronization
import Testing

@testable import MartletClient

/// Tests which references keep a client open.
@Suite(.timeLimit(.minutes(1))) struct ClientLifetimeTests {
  /// Observes a client without retaining it.
  private final class Observer {
    weak var client: Client?
    weak var connection: Connection?

    init(_ client: Client) {
      self.client = client
      connection = client.connection
    }

    var isGone: Bool { client == nil && connection == nil }
  }

  private func isClosed(_ outcome: Result<TaskReply, any Error>?) -> Bool {
    guard case .failure(let error) = outcome else { return false }
    return (error as? ClientError)?.code == .closed
  }

  @Test(arguments: [true, false]) func pollingEndsWithItsResult(hubAnswers: Bool) async throws {
    try await FakeCluster.with { cluster in
      func poll() async throws -> Observer {
        let client = try await Client.connect(cluster.info)
        if !hubAnswers { await cluster.ignoreQueries() }
        let before = await cluster.queryCount
        let result = client.getResult(["unfinished"])
        try await wait("queries") { await cluster.queryCount > before }
        #expect(!result.isDone)
        return Observer(client)
      }
      let observer = try await poll()
      try await wait("the client to be released") { observer.isGone }
    }
  }

  @Test func pollingEndsWithTheClient() async throws {
    try await FakeCluster.with { cluster in
      func poll() async throws -> (Observer, OutputLines) {
        let client = try await Client.connect(cluster.info)
        // The lines retain the result but not the client.
        return (Observer(client), client.getResult(["unfinished"]).streamOutput())
      }
      let (observer, lines) = try await poll()
      for await _ in lines {}
      let outcome = lines.state.storage.withLock { $0.tasks[0].outcome }
      #expect(isClosed(outcome))
      try await wait("the client to be released") { observer.isGone }
    }
  }

  @Test func closingFailsPolledResults() async throws {
    try await FakeCluster.withClient { client, _ in
      let result = client.getResult(["unfinished"])
      await client.close()
      let error = await #expect(throws: ClientError.self) { try await result.value }
      #expect(error?.code == .closed)
    }
  }

  @Test func aMapEndsWithTheClient() async throws {
    try await FakeCluster.with { cluster in
      func map() async throws -> (Observer, ResultState) {
        let client = try await Client.connect(cluster.info)
        let result = try client.loadBalanced().map(name: "silent", [1, 2, 3, 4, 5], window: 2)
        return (Observer(client), result.state)
      }
      let (observer, state) = try await map()
      try await state.wait(for: .all)
      let tasks = state.storage.withLock { $0.tasks }
      for slot in tasks.indices {
        #expect(isClosed(tasks[slot].outcome))
      }
      try await wait("the client to be released") { observer.isGone }
    }
  }

  @Test func aResultKeepsItsClientOpen() async throws {
    try await FakeCluster.with { cluster in
      func call() async throws -> AsyncResult<[Int]> {
        let client = try await Client.connect(cluster.info)
        return try client.loadBalanced().map(name: "f", (0..<50).map { .int($0) }, window: 3, as: Int.self)
      }
      let values = try await call().value
      #expect(values == Array(0..<50))
    }
  }
}

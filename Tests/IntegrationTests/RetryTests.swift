import MartletClient
import MartletEngine
import MartletTesting
import MartletWire
import Synchronization
import Testing

extension IntegrationTests {
  /// Tasks that are tried again by their client.
  @Suite struct RetryTests {
    struct Unlucky: Error, Codable, Equatable { let attempt: Int }
    struct Hopeless: Error, Codable, Equatable {}

    /// Succeeds with this attempt.
    private static let flaky = RemoteFunction("flaky") { (needed: Int) throws -> Int in
      guard needed > 0 else { throw Hopeless() }
      let attempt = EngineContext.current?.attempt ?? 0
      if attempt < needed { throw Unlucky(attempt: attempt) }
      return attempt
    }
    private static let nothing = RemoteFunction("nothing") { (_: Int) in }
    /// Runs until its engine is killed, the first time; then it returns at once.
    private static let fatal = RemoteFunction("fatal") { () async -> Int in
      let attempt = EngineContext.current?.attempt ?? 0
      while attempt == 1, !Task.isCancelled { await Task.yield() }
      return attempt
    }

    private func run(engines: Int = 1, _ body: (Client) async throws -> Void) async throws {
      try await withTestCluster(functions: [Self.flaky, Self.nothing], engines: engines, body)
    }

    private static func errors(_ error: AttemptsFailed?) -> [Unlucky]? {
      error.map { $0.errors.compactMap { $0 as? Unlucky } }
    }

    @Test func oneEngineGetsAllAttempts() async throws {
      try await run { client in
        var view = client.loadBalanced()
        view.retry = RetryPolicy(attempts: 4, backoff: .exponential(from: .microseconds(10)))
        let value1 = try await view.apply(Self.flaky, 4).value
        #expect(value1 == 4)
        let failing = try view.apply(Self.flaky, 5)
        let error = await #expect(throws: AttemptsFailed.self) { try await failing.value }
        #expect(Self.errors(error) == (1...4).map { Unlucky(attempt: $0) })
        #expect(error?.context?.engineID == 0)
        #expect(failing.remoteErrors.count == 1 && failing.isDone)
        // Nothing has been added by the retries.
        #expect(client.traffic.unexpectedReplies == 0)
      }
    }

    /// The scheduler counts executions, however long tasks may wait for other engines.
    @Test func oneEngineGetsAllAttemptsOfTheSchedulerInSpiteOfATimeout() async throws {
      try await run { client in
        var view = client.loadBalanced()
        (view.retries, view.timeout) = (3, .seconds(3_600))
        let value = try await view.apply(Self.flaky, 4).value
        #expect(value == 4)
      }
    }

    @Test func directViewsTryEachEngineByItself() async throws {
      try await run(engines: 2) { client in
        var view = client[...]
        view.retry = RetryPolicy(attempts: 2)
        let value2 = try await view.apply(Self.flaky, 2).value
        #expect(value2 == [2, 2])
        let error = await #expect(throws: CompositeError.self) { try await view.apply(Self.flaky, 3).value }
        #expect(error?.failures.compactMap(\.engineID) == [0, 1])
        #expect(error?.failures.map { Self.errors($0.error as? AttemptsFailed)?.count } == [2, 2])
        #expect(error?.failures.allSatisfy { $0.context != nil } == true)
        let value3 = try await view.map(Self.flaky, [1, 2]).value
        #expect(value3 == [1, 2])
        var one = client[0]
        one.retry = view.retry
        let value4 = try await one.apply(Self.flaky, 2).value
        #expect(value4 == 2)
      }
    }

    @Test(arguments: [1_000, 4]) func chunksAreTriedByThemselves(window: Int) async throws {
      try await run(engines: 2) { client in
        var view = client.loadBalanced()
        view.retry = RetryPolicy(attempts: 3, backoff: .constant(.microseconds(1)))
        let needed = (0..<60).map { $0 % 3 + 1 }
        let value5 = try await view.map(Self.flaky, needed, window: window).value
        #expect(value5 == needed)
        let value6 = try await view.map(Self.flaky, [1, 3, 2, 1, 1], chunkSize: 2).value
        #expect(value6 == [3, 3, 2, 2, 1])
        let some = try await view.map(Self.flaky, [4, 1, 4, 2, 1, 1], window: window).outcomes
        #expect(some.map { (try? $0.get())?.first } == [nil, 1, nil, 2, 1, 1])
        var inOrder: [Int] = []
        for try await value in try view.map(Self.flaky, needed, window: window) { inOrder.append(value) }
        #expect(inOrder == needed)
      }
    }

    @Test func streamsTryElements() async throws {
      try await run(engines: 2) { client in
        var view = client.loadBalanced()
        view.retry = RetryPolicy(attempts: 2)
        var values: [Int] = []
        for try await (_, outcome) in try view.stream(Self.flaky, over: [1, 2, 3, 1], window: 2).outcomes {
          values.append((try? outcome.get()) ?? 0)
        }
        #expect(values == [1, 2, 0, 1])
      }
    }

    @Test func thePolicyChoosesByTheError() async throws {
      try await run { client in
        let seen = Mutex<[any Error]>([])
        var view = client.loadBalanced()
        view.retry = RetryPolicy(attempts: 5) { error in
          seen.withLock { $0.append(error) }
          return error is Unlucky
        }
        await #expect(throws: Hopeless()) { try await view.apply(Self.flaky, 0).value }
        #expect(seen.withLock { $0.count } == 1)
        let value7 = try await view.apply(Self.flaky, 2).value
        #expect(value7 == 2)
        await #expect(throws: RemoteError.self) { try await view.apply(name: "flaky", args: ["x"]).value }
        #expect(seen.withLock { $0.count } == 2)
      }
    }

    @Test func policiesOutOfRangeAreRefused() async throws {
      try await run { client in
        var (view, direct) = (client.loadBalanced(), client[...])
        (view.retry, direct.retry) = (RetryPolicy(attempts: 0), RetryPolicy(attempts: 0))
        #expect(throws: ClientError.self) { try view.apply(Self.flaky, 1) }
        #expect(throws: ClientError.self) { try view.map(Self.flaky, [1]) }
        #expect(throws: ClientError.self) { try view.stream(Self.flaky, over: [1]) }
        #expect(throws: ClientError.self) { try direct.apply(Self.flaky, 1) }
      }
    }

    /// A policy with a pause that no test would survive, and what tells that it has begun.
    private static func endless() -> (RetryPolicy, AsyncStream<Void>) {
      let (failures, continuation) = AsyncStream.makeStream(of: Void.self)
      let policy = RetryPolicy(attempts: 2, backoff: .constant(.seconds(3_600))) { _ in
        continuation.yield()
        return true
      }
      return (policy, failures)
    }

    @Test func cancellingEndsTheBackoff() async throws {
      try await run { client in
        var view = client.loadBalanced()
        let (policy, failures) = Self.endless()
        view.retry = policy
        let result = try view.apply(Self.flaky, 2)
        for await _ in failures { break }
        #expect(!result.isDone)
        result.cancel()
        await #expect(throws: TaskAborted.self) { try await result.value }
      }
    }

    @Test func closingTheClientEndsTheBackoff() async throws {
      try await run { client in
        var (view, direct) = (client.loadBalanced(), client[0])
        let (policy, failures) = Self.endless()
        (view.retry, direct.retry) = (policy, policy)
        let results = [try view.apply(Self.flaky, 2), try direct.apply(Self.flaky, 2)]
        var seen = 0
        for await _ in failures {
          seen += 1
          if seen == results.count { break }
        }
        await client.close()
        for result in results {
          let error = await #expect(throws: ClientError.self) { try await result.value }
          #expect(error?.code == .closed)
        }
      }
    }

    @Test func deadlinesEndAttempts() async throws {
      try await run { client in
        var view = client.loadBalanced()
        view.retry = RetryPolicy(attempts: 9, backoff: .constant(.seconds(3_600)))
        view.deadline = Timestamp.now.advanced(by: .seconds(600))
        await #expect(throws: Unlucky(attempt: 1)) { try await view.apply(Self.flaky, 2).value }
      }
    }

    @Test func aTaskWhoseEngineDiesIsTriedOnAnother() async throws {
      try await withTestCluster(functions: [Self.fatal], engines: 1) { client, cluster in
        var view = client.loadBalanced()
        view.retry = RetryPolicy(attempts: 2) { $0 is EngineError }
        let result = try view.apply(Self.fatal)
        let engine = client.engines[0]
        while try await client.queueStatus().engines[engine.id]?.tasks != 1 { await Task.yield() }
        try await cluster.kill(engine)
        try cluster.addEngines()
        let value8 = try await result.value
        #expect(value8 == 2)
      }
    }
  }
}

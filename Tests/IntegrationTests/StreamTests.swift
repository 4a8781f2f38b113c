import MartletClient
import MartletTesting
import MartletWire
import Synchronization
import Testing

extension IntegrationTests {
  /// Streams of elements through real engines.
  @Suite struct StreamTests {
    struct OddNumber: Error, Codable, Equatable { let number: Int }

    private static let half = RemoteFunction("half") { (number: Int) throws -> Int in
      guard number.isMultiple(of: 2) else { throw OddNumber(number: number) }
      return number / 2
    }
    private static let slow = RemoteFunction("slow") { (number: Int) async -> Int in
      while number == 0, !isReleased.load(ordering: .relaxed) { await Task.yield() }
      return number
    }
    private static let isReleased = Atomic(false)

    /// Counts what is taken from it.
    private final class Source: Sequence, IteratorProtocol, Sendable {
      let taken = Atomic(0)
      let count: Int

      init(_ count: Int) { self.count = count }

      func next() -> Int? {
        let number = taken.wrappingAdd(1, ordering: .relaxed).oldValue
        return number < count ? number * 2 : nil
      }
    }

    private func run(engines: Int = 2, _ body: (Client) async throws -> Void) async throws {
      try await withTestCluster(functions: [Self.half, Self.slow], engines: engines, body)
    }

    @Test func allResultsComeInOrder() async throws {
      try await run { client in
        let source = Source(2_000)
        var expected = 0
        for try await value in try client.loadBalanced().stream(Self.half, over: source) {
          #expect(value == expected)
          expected += 1
          // At most the window is under way or unread; the end was asked for once.
          #expect(source.taken.load(ordering: .relaxed) <= expected + 64)
        }
        #expect(expected == 2_000)
      }
    }

    @Test func anAsynchronousSourceSetsThePace() async throws {
      try await run { client in
        let (numbers, continuation) = AsyncStream.makeStream(of: Int.self)
        let results = try client.loadBalanced().stream(Self.half, over: numbers)
        var iterator = results.makeAsyncIterator()
        for number in 0..<20 {
          continuation.yield(number * 2)
          // Each result comes although the source has not ended.
          #expect(try await iterator.next() == number)
        }
        continuation.finish()
        #expect(try await iterator.next() == nil)
      }
    }

    @Test func anUnorderedStreamDoesNotWaitForASlowTask() async throws {
      try await run { client in
        let results = try client.loadBalanced().stream(Self.slow, over: 0..<10, isOrdered: false)
        var seen: [Int] = []
        for try await value in results {
          seen.append(value)
          Self.isReleased.store(true, ordering: .relaxed)
        }
        #expect(seen.first != 0 && seen.sorted() == Array(0..<10))
      }
    }

    @Test func aFailureIsAnElementsOwn() async throws {
      try await run { client in
        let view = client.loadBalanced()
        var failed: [Int] = []
        for try await (index, outcome) in try view.stream(Self.half, over: 0..<10).outcomes {
          switch outcome {
          case .success(let value): #expect(value == index / 2)
          case .failure(let error):
            #expect(error as? OddNumber == OddNumber(number: index))
            failed.append(index)
          }
        }
        #expect(failed == [1, 3, 5, 7, 9])
        // A loop that doesn't ask for outcomes ends with the first failure.
        await #expect(throws: OddNumber(number: 1)) {
          for try await _ in try view.stream(Self.half, over: 0..<10) {}
        }
      }
    }

    @Test func theSourcesErrorIsThrownAfterTheResults() async throws {
      struct Broken: Error {}
      try await run { client in
        let numbers = AsyncThrowingStream<Int, any Error> { continuation in
          for number in 0..<5 { continuation.yield(number * 2) }
          continuation.finish(throwing: Broken())
        }
        var seen: [Int] = []
        await #expect(throws: Broken.self) {
          for try await value in try client.loadBalanced().stream(Self.half, over: numbers) { seen.append(value) }
        }
        #expect(seen == Array(0..<5))
      }
    }

    @Test func aStreamThatIsLeftTakesNoMore() async throws {
      try await run { client in
        let source = Source(.max)
        for try await value in try client.loadBalanced().stream(Self.half, over: source, window: 8) where value == 100 {
          break
        }
        // The engines end what they have been sent, and nothing follows.
        while true {
          let status = try await client.queueStatus()
          if status.unassigned == 0, status.engines.values.allSatisfy({ $0.tasks == 0 }) { break }
        }
        let taken = source.taken.load(ordering: .relaxed)
        #expect(taken <= 101 + 8 + 1)
        #expect(try await client.loadBalanced().apply(Self.half, 4).value == 2)
        #expect(source.taken.load(ordering: .relaxed) == taken)
      }
    }

    @Test func aCancelledReaderGetsAnError() async throws {
      try await run { client in
        let (numbers, continuation) = AsyncStream.makeStream(of: Int.self)
        let results = try client.loadBalanced().stream(Self.half, over: numbers)
        let reader = Task { try await results.first { _ in true } }
        reader.cancel()
        await #expect(throws: CancellationError.self) { try await reader.value }
        // The stream itself goes on.
        continuation.yield(6)
        #expect(try await results.first { _ in true } == 3)
        results.cancel()
        continuation.finish()
      }
    }

    @Test func numbersOutOfRangeAreRefused() async throws {
      try await run(engines: 1) { client in
        #expect(throws: ClientError.self) { try client.loadBalanced().stream(Self.half, over: [2], window: 0) }
        #expect(throws: ClientError.self) { try client.loadBalanced(targets: .ids([7])).stream(Self.half, over: [2]) }
      }
    }
  }
}

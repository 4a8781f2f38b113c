import MartletWire
import Testing

@testable import MartletClient

/// Elements delivered in completion order have the same positions as in the value, for any order of completion and any
/// number of elements per task.
@Suite(.timeLimit(.minutes(1))) struct CompletedElementsTests {
  private static let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
  private static let sizes = [[1, 1, 1], [2, 3, 1], [0, 2, 0], [3, 0, 2], [0, 0, 0], [1, 4, 4]]

  /// Parts of the given sizes whose elements are all distinct.
  private func parts(_ sizes: [Int]) -> [[Int]] {
    sizes.enumerated().map { slot, size in (0..<size).map { slot * 10 + $0 } }
  }

  /// Answers the calls one by one and checks the elements after each.
  ///
  /// - Parameters:
  ///   - parts: the elements each task returns.
  ///   - order: the order of the replies.
  ///   - isOrdered: whether elements arrive in list order; otherwise, in the order of the replies.
  private func check(
    _ result: AsyncResult<[Int]>, _ cluster: FakeCluster, parts: [[Int]], order: [Int], isOrdered: Bool,
    reply: ([Int]) -> PickleValue = { .list($0.map { .int($0) }) }
  ) async throws {
    try await wait("the calls to arrive") { await cluster.received.count == parts.count }
    for slot in order { await cluster.answer(slot, with: reply(parts[slot])) }
    var found: [(index: Int, element: Int)] = []
    for try await element in result.asCompleted { found.append(element) }
    let whole = parts.flatMap(\.self)
    #expect(found.map(\.element) == (isOrdered ? whole : order.flatMap { parts[$0] }))
    #expect(found.map(\.index).sorted() == Array(whole.indices))
    #expect(found.allSatisfy { whole[$0.index] == $0.element })
    #expect(try await result.value == whole)
    var inOrder: [Int] = []
    for try await element in result { inOrder.append(element) }
    #expect(inOrder == whole)
  }

  @Test(arguments: orders, sizes) func ofGather(order: [Int], sizes: [Int]) async throws {
    try await FakeCluster.withClient(engines: 3) { client, cluster in
      await cluster.hold()
      let result = try client[...].gather("part", of: Int.self)
      try await check(result, cluster, parts: parts(sizes), order: order, isOrdered: true)
    }
  }

  @Test(arguments: orders) func ofDirectMaps(order: [Int]) async throws {
    try await FakeCluster.withClient(engines: 3) { client, cluster in
      await cluster.hold()
      let result = try client[...].map(name: "f", (0..<7).map { .int($0) }, as: Int.self)
      try await check(result, cluster, parts: parts([3, 2, 2]), order: order, isOrdered: false)
    }
  }

  @Test(arguments: orders, [1, 2, 5]) func ofLoadBalancedMaps(order: [Int], chunkSize: Int) async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      let items: [PickleValue] = (0..<3 * chunkSize).map { .int($0) }
      let result = try client.loadBalanced().map(name: "f", items, chunkSize: chunkSize, as: Int.self)
      try await check(
        result, cluster, parts: parts([chunkSize, chunkSize, chunkSize]), order: order, isOrdered: false,
        reply: { chunkSize == 1 ? .int($0[0]) : .list($0.map { .int($0) }) })
    }
  }

  @Test(arguments: orders) func ofApply(order: [Int]) async throws {
    try await FakeCluster.withClient(engines: 3) { client, cluster in
      await cluster.hold()
      let result = try client[...].apply(name: "f", as: Int.self)
      try await check(
        result, cluster, parts: parts([1, 1, 1]), order: order, isOrdered: false, reply: { .int($0[0]) })
    }
  }

  @Test(arguments: [false, true]) func ofBroadcasts(isCoalescing: Bool) async throws {
    try await FakeCluster.withClient(engines: 3) { client, _ in
      let result = try client.broadcast(isCoalescing: isCoalescing).apply(name: "f", args: [5], as: Int.self)
      var found: [Int] = []
      for try await (index, element) in result.asCompleted {
        #expect(element == 5)
        found.append(index)
      }
      #expect(found.sorted() == [0, 1, 2])
    }
  }

  @Test func ofOneEngineAreItsElements() async throws {
    try await FakeCluster.withClient { client, _ in
      let result = try client[1].apply(name: "f", args: [[7, 8, 9]], as: [Int].self)
      var found: [Int] = []
      for try await (index, element) in result.asCompleted {
        #expect(index == found.count)
        found.append(element)
      }
      #expect(found == [7, 8, 9])
    }
  }

  @Test func goOnAfterATaskThatFailed() async throws {
    try await FakeCluster.withClient(engines: 3) { client, cluster in
      await cluster.hold()
      let result = try client[...].gather("part", of: Int.self)
      try await wait("the calls to arrive") { await cluster.received.count == 3 }
      await cluster.answer(2, with: [20])
      await cluster.fail(1)
      await cluster.answer(0, with: [1, 2])
      var elements = result.asCompleted.makeAsyncIterator()
      var found: [Int] = []
      for _ in 0..<2 { found += [try await elements.next()?.element ?? -1] }
      await #expect(throws: RemoteError.self) { _ = try await elements.next() }
      let last = try await elements.next()
      #expect(found == [1, 2])
      #expect(last?.index == 2 && last?.element == 20)
      let end = try await elements.next()
      #expect(end == nil)
    }
  }

  @Test(arguments: [1, 3]) func aChunkWithTooManyOrTooFewResultsFails(count: Int) async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      let reply = PickleValue.list((0..<count).map { .int($0) })
      let results = [
        try client[0].map(RemoteFunction("f") { (item: Int) in item }, [1, 2]),
        try client.loadBalanced().map(name: "f", [1, 2], chunkSize: 2, as: Int.self),
      ]
      try await wait("the calls to arrive") { await cluster.received.count == 2 }
      for (index, result) in results.enumerated() {
        await cluster.answer(index, with: reply)
        let error = await #expect(throws: ClientError.self) { try await result.value }
        #expect(error?.code == .malformedReply)
      }
    }
  }
}

import MartletWire
import MartletZeroMQ
import Synchronization
import Testing

@testable import MartletClient

/// Maps with more chunks than their window: replies are let go once they are read.
@Suite(.timeLimit(.minutes(1))) struct StreamedMapTests {
  /// How many replies a result keeps, and how many pages of tasks.
  private func kept<Value>(_ result: AsyncResult<Value>) -> (replies: Int, pages: Int) {
    result.state.storage.withLock { state in
      let replies = state.tasks.indices.count { slot in
        if case .success? = state.tasks[slot].outcome { true } else { false }
      }
      return (replies, state.tasks.pageCount)
    }
  }

  private func map(_ client: Client, _ count: Int, window: Int, name: String = "f") throws -> AsyncResult<[Int]> {
    var view = client.loadBalanced()
    // The cluster doesn't say when output ends, up to which a task is kept.
    view.collectsOutput = false
    return try view.map(name: name, (0..<count).map { .int($0) }, window: window, as: Int.self)
  }

  @Test func repliesGoAsTheyAreRead() async throws {
    try await FakeCluster.withClient { client, _ in
      let result = try map(client, 3000, window: 10)
      var read = 0
      for try await element in result {
        #expect(element == read)
        read += 1
      }
      #expect(read == 3000)
      #expect(kept(result) == (0, 0))
      #expect(result.isDone)
      #expect(result.wallTime != nil && result.serialTime > .zero)
      #expect(result.msgIDs.count == 0)
      #expect(result.metadata.allSatisfy { $0.status == .read })
    }
  }

  @Test func theElementsInTheOrderOfCompletionGo() async throws {
    try await FakeCluster.withClient { client, _ in
      let result = try map(client, 1000, window: 10)
      var seen = Set<Int>()
      for try await (index, element) in result.asCompleted {
        #expect(index == element)
        seen.insert(element)
      }
      #expect(seen == Set(0..<1000))
      #expect(kept(result) == (0, 0))
    }
  }

  @Test func aReaderThatStopsKeepsNoMoreThanAWindow() async throws {
    try await FakeCluster.withClient { client, cluster in
      await cluster.hold()
      let result = try map(client, 100, window: 4)
      var elements = result.makeAsyncIterator()
      try await wait("the window to be sent") { await cluster.received.count == 4 }
      for index in 0..<4 { await cluster.answer(index, with: .int(index)) }
      for index in 0..<2 { #expect(try await elements.next() == index) }
      try await wait("what was read to make room") { await cluster.received.count == 6 }
      #expect(result.state.outstandingCount == 4)
      try await wait("the other replies to be kept") { kept(result).replies == 2 }
    }
  }

  @Test func theValueKeepsValuesAlone() async throws {
    try await FakeCluster.withClient { client, _ in
      let result = try map(client, 2000, window: 10)
      #expect(try await result.value == Array(0..<2000))
      #expect(kept(result) == (0, 0))
      // Again, in every way.
      #expect(try await result.value(timeout: .zero) == Array(0..<2000))
      #expect(try await result.outcomes.count == 2000)
      var read: [Int] = []
      for try await element in result { read.append(element) }
      #expect(read == Array(0..<2000))
      try await result.discardingValue.value
    }
  }

  @Test func twoWhoWaitForTheValueBothGetIt() async throws {
    try await FakeCluster.withClient { client, _ in
      let result = try map(client, 2000, window: 10)
      async let first = result.value
      async let second = result.value
      #expect(try await (first, second) == (Array(0..<2000), Array(0..<2000)))
    }
  }

  @Test func whatWasReadIsNotInTheValue() async throws {
    try await FakeCluster.withClient { client, _ in
      let result = try map(client, 20, window: 4)
      for try await _ in result { break }
      let error = await #expect(throws: ClientError.self) { _ = try await result.value }
      #expect(error?.code == .alreadyRead)
      var again = result.makeAsyncIterator()
      let first = await #expect(throws: ClientError.self) { _ = try await again.next() }
      #expect(first?.code == .alreadyRead)
    }
  }

  @Test func aMapWhoseReaderHasLeftGoesOn() async throws {
    try await FakeCluster.withClient { client, _ in
      let result = try map(client, 500, window: 4)
      for try await _ in result { break }
      try await wait("the map to finish") { result.isDone }
    }
  }

  @Test func failuresAreThrownOnceAndInTheValue() async throws {
    try await FakeCluster.withClient { client, _ in
      let read = try map(client, 300, window: 4, name: "fail")
      var elements = read.makeAsyncIterator()
      for _ in 0..<300 { await #expect(throws: RemoteError.self) { _ = try await elements.next() } }
      #expect(try await elements.next() == nil)
      #expect(kept(read) == (0, 0))
      let failed = try map(client, 300, window: 4, name: "fail")
      let error = await #expect(throws: CompositeError.self) { _ = try await failed.value }
      #expect(error?.failures.count == 300)
      #expect(kept(failed) == (0, 0))
    }
  }

  @Test func outputThatComesAfterTheElementWasRead() async throws {
    let state = ResultState(total: 2, method: "f", window: 1)
    let reply = try TaskReply(
      messageType: "apply_reply", content: Bytes(#"{"status":"ok"}"#), metadata: Bytes("{}"), received: .now,
      buffers: [])
    _ = state.begin(0, id: "a", engines: [], outputs: 1)
    state.complete(0, .success(reply), output: .total(1))
    state.didRead(0)
    #expect(state.storage.withLock(\.readCount) == 1)
    #expect(state.addOutput(0, .text(.stdout, "late")))
    #expect(state.storage.withLock { $0.outputs[0]?.stdout } == "late")
    #expect(state.addOutput(0, .text(.stdout, "!")))
    state.didRead(0)
    #expect(state.storage.withLock(\.readCount) == 1)
  }

  @Test func smallMapsCanBeReadAgain() async throws {
    try await FakeCluster.withClient { client, _ in
      let result = try map(client, 10, window: 10)
      for _ in 0..<2 {
        var read: [Int] = []
        for try await element in result { read.append(element) }
        #expect(read == Array(0..<10))
      }
      #expect(try await result.value == Array(0..<10))
      #expect(result.metadata.allSatisfy { $0.status == .ok })
    }
  }
}

import Testing

@testable import MartletEngine

@Suite struct RequestQueueTests {
  private func queue(_ ids: String...) -> RequestQueue<String> {
    var queue = RequestQueue<String>()
    for id in ids { _ = queue.add(id, id: id) }
    return queue
  }

  @Test func theFirstRunsAndTheOthersWaitInOrder() {
    var queue = RequestQueue<String>()
    #expect(queue.add("a", id: "a") == .run("a"))
    #expect(queue.add("b", id: "b") == .wait)
    #expect(queue.add("c", id: "c") == .wait)
    #expect(queue.finish() == "b")
    #expect(queue.finish() == "c")
    #expect(queue.finish() == nil)
    #expect(queue.add("d", id: "d") == .run("d"))
  }

  @Test func whatRunsAndWaitsIsKnown() {
    var queue = queue("a", "b", "c")
    _ = queue.addNext("clear")
    #expect(queue.all == ["a", "b", "c"])
    _ = queue.finish()
    #expect(queue.all == ["b", "c"])
    for _ in 0..<3 { _ = queue.finish() }
    #expect(queue.all == [])
  }

  @Test func abortRemovesWaitingRequestsOnly() {
    var queue = queue("a", "b", "c", "d")
    #expect(queue.abort(["d", "b"]) == ["b", "d"])
    #expect(queue.finish() == "c")
    #expect(queue.finish() == nil)
  }

  @Test func withdrawnRequestsAreForgotten() {
    var queue = queue("a", "b", "c", "d")
    #expect(queue.addNext("clear") == .wait)
    #expect(queue.withdraw { $0 != "c" } == ["b", "d"])
    #expect(queue.finish() == "clear")
    #expect(queue.add("b", id: "b") == .wait)
    #expect(queue.finish() == "c")
    #expect(queue.finish() == "b")
  }

  @Test func everyRunningRequestHasItsOwnNumber() {
    var queue = RequestQueue<String>()
    #expect(queue.runningNumber == nil)
    var numbers: [Int?] = []
    for id in ["a", "b"] {
      _ = queue.add(id, id: id)
      numbers.append(queue.runningNumber)
    }
    _ = queue.finish()
    numbers.append(queue.runningNumber)
    _ = queue.finish()
    #expect(queue.runningNumber == nil)
    _ = queue.add("c", id: "c")
    numbers.append(queue.runningNumber)
    #expect(numbers == [1, 1, 2, 3])
  }

  @Test func abortRemembersRequestsThatHaveNotArrived() {
    var queue = queue("a")
    #expect(queue.abort(["b"]) == [])
    #expect(queue.add("b", id: "b") == .aborted("b"))
    // An abort applies once, because the id may be resubmitted.
    #expect(queue.add("b", id: "b") == .wait)
  }

  @Test func abortsInAdvanceWhileIdle() {
    var queue = RequestQueue<String>()
    #expect(queue.abort(["a"]) == [])
    #expect(queue.add("a", id: "a") == .aborted("a"))
    #expect(queue.add("b", id: "b") == .run("b"))
  }

  @Test func abortAllLeavesControlRequests() {
    var queue = queue("a", "b", "c")
    #expect(queue.addNext("clear") == .wait)
    #expect(queue.abortAll() == ["b", "c"])
    #expect(queue.finish() == "clear")
    #expect(queue.finish() == nil)
  }

  @Test func controlRequestsRunAfterTheCurrentOne() {
    var queue = queue("a", "b")
    #expect(queue.addNext("clear") == .wait)
    #expect(queue.finish() == "clear")
    #expect(queue.finish() == "b")
    #expect(queue.finish() == nil)
    #expect(queue.addNext("again") == .run("again"))
  }

  @Test func remembersABoundedNumberOfIDs() {
    var queue = RequestQueue<String>(abortLimit: 2)
    #expect(queue.abort(["a", "b", "c"]) == [])
    #expect(queue.add("a", id: "a") == .run("a"))
    #expect(queue.add("b", id: "b") == .aborted("b"))
    #expect(queue.add("c", id: "c") == .aborted("c"))
  }

  @Test func onlyTheLatestOfManyIDsAreRemembered() {
    var queue = RequestQueue<String>(abortLimit: 2)
    #expect(queue.abort((0..<10_000).map(String.init)) == [])
    #expect(queue.abort(["last"]) == [])
    #expect(queue.add("9998", id: "9998") == .run("9998"))
    #expect(queue.add("9999", id: "9999") == .aborted("9999"))
    #expect(queue.add("last", id: "last") == .aborted("last"))
  }

  @Test func releasesTheMemoryOfABurstWhenEmpty() {
    var queue = RequestQueue<String>()
    let burst = RequestQueue<String>.reusedCapacity + 1
    for number in 0...burst { _ = queue.add("a", id: "\(number)") }
    #expect(queue.peakCount == burst)
    for _ in 0...burst { _ = queue.finish() }
    #expect(queue.peakCount == 0)
    // A typical number of requests does not cause an allocation each time.
    for number in 0..<10 { _ = queue.add("a", id: "\(number)") }
    for _ in 0..<10 { _ = queue.finish() }
    #expect(queue.peakCount == 9)
  }

  @Test func releasesTheMemoryOfWithdrawnRequests() {
    var queue = RequestQueue<String>()
    for number in 0..<5000 { _ = queue.add("a", id: "\(number)") }
    #expect(queue.abortAll().count == 4999)
    #expect(queue.peakCount == 0)
  }
}

extension RequestQueue.Arrival: Equatable where Item: Equatable {
  public static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.run(let a), .run(let b)), (.aborted(let a), .aborted(let b)): a == b
    case (.wait, .wait): true
    case (.run, _), (.wait, _), (.aborted, _): false
    }
  }
}

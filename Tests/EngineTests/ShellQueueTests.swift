import Testing

@testable import MartletEngine

@Suite struct ShellQueueTests {
  private func queue(_ ids: String...) -> ShellQueue<String> {
    var queue = ShellQueue<String>()
    for id in ids { _ = queue.add(id, id: id) }
    return queue
  }

  @Test func theFirstRunsAndTheOthersWaitInOrder() {
    var queue = ShellQueue<String>()
    #expect(queue.add("a", id: "a") == .run("a"))
    #expect(queue.add("b", id: "b") == .wait)
    #expect(queue.add("c", id: "c") == .wait)
    #expect(queue.finish() == "b")
    #expect(queue.finish() == "c")
    #expect(queue.finish() == nil)
    #expect(queue.add("d", id: "d") == .run("d"))
  }

  @Test func abortRemovesWaitingRequestsOnly() {
    var queue = queue("a", "b", "c", "d")
    #expect(queue.abort(["d", "b"]) == ["b", "d"])
    #expect(queue.finish() == "c")
    #expect(queue.finish() == nil)
  }

  @Test func whatIsWithdrawnIsForgotten() {
    var queue = queue("a", "b", "c", "d")
    #expect(queue.addNext("clear") == .wait)
    #expect(queue.withdraw { $0 != "c" } == ["b", "d"])
    #expect(queue.finish() == "clear")
    #expect(queue.add("b", id: "b") == .wait)
    #expect(queue.finish() == "c")
    #expect(queue.finish() == "b")
  }

  @Test func everyRequestThatRunsHasANumberOfItsOwn() {
    var queue = ShellQueue<String>()
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

  @Test func abortRemembersRequestsThatHaveNotCome() {
    var queue = queue("a")
    #expect(queue.abort(["b"]) == [])
    #expect(queue.add("b", id: "b") == .aborted("b"))
    // Only once: the id may be resubmitted.
    #expect(queue.add("b", id: "b") == .wait)
  }

  @Test func abortedInAdvanceEvenWhenIdle() {
    var queue = ShellQueue<String>()
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

  @Test func controlRequestsRunAfterThePresentOne() {
    var queue = queue("a", "b")
    #expect(queue.addNext("clear") == .wait)
    #expect(queue.finish() == "clear")
    #expect(queue.finish() == "b")
    #expect(queue.finish() == nil)
    #expect(queue.addNext("again") == .run("again"))
  }

  @Test func remembersABoundedNumberOfIDs() {
    var queue = ShellQueue<String>(abortLimit: 2)
    #expect(queue.abort(["a", "b", "c"]) == [])
    #expect(queue.add("a", id: "a") == .run("a"))
    #expect(queue.add("b", id: "b") == .aborted("b"))
    #expect(queue.add("c", id: "c") == .aborted("c"))
  }
}

extension ShellQueue.Arrival: Equatable where Item: Equatable {
  public static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.run(let a), .run(let b)), (.aborted(let a), .aborted(let b)): a == b
    case (.wait, .wait): true
    case (.run, _), (.wait, _), (.aborted, _): false
    }
  }
}

import Testing

@testable import MartletEngine

@Suite struct ConcurrentCallsTests {
  private typealias Calls = ConcurrentCalls<String>

  private func wait(_ calls: inout Calls, for need: Calls.Need) -> Bool { calls.wait(for: need) }

  private func end(_ calls: inout Calls, _ number: Int) -> Bool { calls.end(number) }

  @Test func aFunctionHasItsLimit() {
    var calls = Calls()
    #expect(!wait(&calls, for: .slot(of: "f", limit: 2)))
    let first = calls.begin("a", of: "f")
    #expect(!wait(&calls, for: .slot(of: "f", limit: 2)))
    let second = calls.begin("b", of: "f")
    // Another function has slots of its own.
    #expect(!wait(&calls, for: .slot(of: "g", limit: 2)))
    let other = calls.begin("c", of: "g")
    #expect(wait(&calls, for: .slot(of: "f", limit: 2)))
    #expect(calls.all == ["a", "b", "c"])
    #expect(!end(&calls, other))
    #expect(end(&calls, first))
    // Nobody waits any more.
    #expect(!end(&calls, second))
    #expect(calls.isEmpty)
  }

  @Test func whatRunsAloneWaitsForAll() {
    var calls = Calls()
    #expect(!wait(&calls, for: .quiet))
    let numbers = ["a", "b"].map { calls.begin($0, of: $0) }
    #expect(wait(&calls, for: .quiet))
    #expect(!end(&calls, numbers[1]))
    #expect(end(&calls, numbers[0]))
    #expect(!end(&calls, numbers[0]) && !wait(&calls, for: .quiet))
  }
}

import Testing

@testable import MartletClient

@Suite struct OutstandingRequestsTests {
  private let first = RegisteredEngine(id: 0, uuid: "a")
  private let second = RegisteredEngine(id: 1, uuid: "b")
  private var requests = OutstandingRequests<String>()

  private func isExpected(_ arrival: OutstandingRequests<String>.Arrival, _ context: String) -> Bool {
    if case .expected(context) = arrival { true } else { false }
  }

  @Test mutating func handsBackTheContextOnce() {
    #expect(requests.add("1", engines: [first], context: "x") == nil)
    #expect(isExpected(requests.reply(to: "1"), "x"))
    #expect(!isExpected(requests.reply(to: "1"), "x"))
    #expect(requests.counts == .init(late: 0, unexpected: 1))
    #expect(requests.count == 0)
  }

  @Test mutating func strandsOnlyWhatWasWithTheDeadEngine() {
    _ = requests.add("1", engines: [first], context: "x")
    _ = requests.add("2", engines: [second], context: "y")
    _ = requests.add("3", engines: [], context: "z")
    _ = requests.add("4", engines: [first, second], context: "both")
    #expect(requests.engineDied(first).map(\.context) == ["x", "both"])
    #expect(requests.ids(on: second) == ["2"])
    #expect(requests.engineDied(first).isEmpty)
    #expect(isExpected(requests.reply(to: "3"), "z"))
  }

  @Test mutating func countsALateReply() {
    _ = requests.add("1", engines: [first], context: "x")
    _ = requests.engineDied(first)
    #expect(!isExpected(requests.reply(to: "1"), "x"))
    #expect(requests.counts == .init(late: 1, unexpected: 0))
  }

  @Test mutating func refusesRequestsForDeadEngines() {
    _ = requests.engineDied(first)
    #expect(requests.add("1", engines: [second, first], context: "x") == first)
    #expect(requests.count == 0)
  }

  @Test mutating func givesUp() {
    _ = requests.add("1", engines: [], context: "x")
    _ = requests.add("2", engines: [first], context: "y")
    requests.giveUp("1")
    requests.giveUp("unknown")
    #expect(requests.removeAll().map(\.context) == ["y"])
    #expect(requests.engineDied(first).isEmpty)
  }
}

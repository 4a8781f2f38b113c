import Testing

@testable import MartletClient

@Suite struct OutstandingRequestsTests {
  private let first = RegisteredEngine(id: 0, uuid: "a")
  private let second = RegisteredEngine(id: 1, uuid: "b")
  private var requests = OutstandingRequests<String>()

  private func isExpected(_ arrival: OutstandingRequests<String>.Arrival, _ context: String) -> Bool {
    if case .expected(context) = arrival { true } else { false }
  }

  @Test mutating func returnsTheContextOnce() {
    #expect(requests.add("1", on: .mux, engines: [first], context: "x") == nil)
    #expect(isExpected(requests.reply(to: "1"), "x"))
    #expect(!isExpected(requests.reply(to: "1"), "x"))
    #expect(requests.counts == .init(late: 0, unexpected: 1))
    #expect(requests.count == 0)
  }

  @Test mutating func strandsOnlyTheRequestsOfTheDeadEngine() {
    _ = requests.add("1", on: .mux, engines: [first], context: "x")
    _ = requests.add("2", on: .mux, engines: [second], context: "y")
    _ = requests.add("3", on: .mux, engines: [], context: "z")
    _ = requests.add("4", on: .mux, engines: [first, second], context: "both")
    #expect(requests.engineDied(first).map(\.context) == ["x", "both"])
    #expect(requests.ids(on: second) == ["2"])
    #expect(requests.engineDied(first).isEmpty)
    #expect(isExpected(requests.reply(to: "3"), "z"))
  }

  @Test mutating func countsALateReply() {
    _ = requests.add("1", on: .mux, engines: [first], context: "x")
    _ = requests.engineDied(first)
    #expect(!isExpected(requests.reply(to: "1"), "x"))
    #expect(requests.counts == .init(late: 1, unexpected: 0))
  }

  @Test mutating func refusesRequestsForDeadEngines() {
    _ = requests.engineDied(first)
    #expect(requests.add("1", on: .mux, engines: [second, first], context: "x") == first)
    #expect(requests.count == 0)
  }

  @Test mutating func givesUp() {
    _ = requests.add("1", on: .mux, engines: [], context: "x")
    _ = requests.add("2", on: .mux, engines: [first], context: "y")
    requests.giveUp("1")
    requests.giveUp("unknown")
    #expect(requests.removeAll().map(\.context) == ["y"])
    #expect(requests.engineDied(first).isEmpty)
  }

  @Test mutating func tellsRequestsFromBeforeAMark() {
    _ = requests.add("b", on: .task, engines: [], context: "x")
    _ = requests.add("a", on: .query, engines: [], context: "y")
    let mark = requests.mark
    _ = requests.add("c", on: .mux, engines: [first], context: "z")
    #expect(requests.requests(before: { _ in mark }).map(\.id) == ["b", "a"])
    #expect(requests.requests(before: { _ in mark }).map(\.channel) == [.task, .query])
    #expect(requests.requests(before: { $0 == .query ? mark : 1 }).map(\.id) == ["b", "a"])
    #expect(requests.requests(before: { $0 == .mux ? mark + 1 : 0 }).map(\.id) == ["c"])
    #expect(requests.giveUp("b") == "x")
    #expect(requests.giveUpAll().sorted() == ["y", "z"])
    #expect(requests.count == 0)
    _ = requests.reply(to: "a")
    #expect(requests.counts == .init(late: 1, unexpected: 0))
  }

  @Test mutating func anEngineMayReturn() {
    _ = requests.engineDied(first)
    requests.engineReturned(first.uuid)
    #expect(requests.add("1", on: .mux, engines: [first], context: "x") == nil)
  }

  @Test mutating func returnsMemoryAfterABurst() {
    for id in 0..<100_000 { _ = requests.add("\(id)", on: .mux, engines: [], context: "x") }
    for id in 1..<100_000 { _ = requests.reply(to: "\(id)") }
    #expect(requests.count == 1)
    #expect(requests.capacity < 5000)
    #expect(isExpected(requests.reply(to: "0"), "x"))
  }

  @Test mutating func remembersABoundedNumberOfLostRequestsAndEngines() {
    for id in 0..<200_000 {
      _ = requests.add("\(id)", on: .mux, engines: [], context: "x")
      requests.giveUp("\(id)")
    }
    for id in 0..<20_000 { _ = requests.engineDied(RegisteredEngine(id: id, uuid: "u\(id)")) }
    #expect(requests.rememberedCount <= 65_536 + 4096)
    _ = requests.reply(to: "199999")
    _ = requests.reply(to: "0")
    #expect(requests.counts == .init(late: 1, unexpected: 1))
    let latest = RegisteredEngine(id: 19_999, uuid: "u19999")
    #expect(requests.add("new", on: .mux, engines: [latest], context: "x") == latest)
  }
}

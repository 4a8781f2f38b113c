import Testing

@testable import MartletClient

@Suite struct BreakMarksTests {
  private var marks = BreakMarks()

  private func marked() -> [RequestChannel: UInt64] {
    Dictionary(uniqueKeysWithValues: RequestChannel.allCases.map { ($0, marks.mark(of: $0)) })
  }

  @Test mutating func aConnectionTakesNothingWithItThatWasSentOverOthers() {
    marks.broke(.query, at: 7)
    #expect(marked() == [.query: 7, .mux: 0, .task: 0, .control: 0, .broadcast: 0])
    #expect(marks.takeOutput() == nil)
  }

  /// The recovery of the first may have ended without result when the second broke.
  @Test mutating func marksOfOtherChannelsStay() {
    marks.broke(.broadcast, at: 3)
    marks.broke(.query, at: 7)
    #expect(marked() == [.query: 7, .mux: 0, .task: 0, .control: 0, .broadcast: 3])
    marks.broke(.broadcast, at: 9)
    #expect(marks.mark(of: .broadcast) == 9)
  }

  @Test mutating func outputIsLostOnceWithTheSocketsThatOnlyReceive() {
    marks.broke(nil, at: 5)
    #expect(marked().values.allSatisfy { $0 == 0 })
    #expect(marks.takeOutput() == 5)
    #expect(marks.takeOutput() == nil)
  }

  @Test mutating func anotherControllerKnowsNothingThatWasSentBeforeAnyBreak() {
    marks.broke(.query, at: 5)
    marks.broke(.task, at: 6)
    marks.controllerWasReplaced()
    #expect(marked().values.allSatisfy { $0 == 6 })
    #expect(marks.takeOutput() == 6)
  }

  @Test mutating func allConnectionsAreOpenedAnew() {
    marks.brokeEverywhere(at: 8)
    #expect(marked().values.allSatisfy { $0 == 8 })
    #expect(marks.takeOutput() == 8)
  }
}

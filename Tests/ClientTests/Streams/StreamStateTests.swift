import Testing

@testable import MartletClient

@Suite struct StreamStateTests {
  private struct SourceError: Error {}

  private func taken(_ state: inout StreamState<String>) -> String {
    switch state.next() {
    case .outcome(let index, let outcome): "\(index)\(outcome)"
    case .wait: "wait"
    case .end(nil): "end"
    case .end: "error"
    }
  }

  @Test func anOrderedStreamWaitsForTheOldest() {
    var state = StreamState<String>(window: 3, isOrdered: true)
    #expect(!state.hasNext && taken(&state) == "wait")
    #expect((0..<3).map { _ in state.begin() } == [0, 1, 2])
    state.finish(2, "c")
    state.finish(1, "b")
    #expect(!state.hasNext && taken(&state) == "wait")
    state.finish(0, "a")
    state.sourceEnded(nil)
    #expect((0..<5).map { _ in taken(&state) } == ["0a", "1b", "2c", "end", "end"])
  }

  @Test func anUnorderedStreamTakesWhatIsThere() {
    var state = StreamState<String>(window: 3, isOrdered: false)
    for _ in 0..<3 { _ = state.begin() }
    state.finish(2, "c")
    state.finish(0, "a")
    #expect(taken(&state) == "2c" && taken(&state) == "0a" && taken(&state) == "wait")
    state.sourceEnded(nil)
    // One is still under way.
    #expect(!state.hasNext && taken(&state) == "wait")
    state.finish(1, "b")
    #expect(state.hasNext && taken(&state) == "1b" && taken(&state) == "end")
  }

  @Test(arguments: [true, false]) func roomIsLeftByWhatIsRead(_ isOrdered: Bool) {
    var state = StreamState<String>(window: 2, isOrdered: isOrdered)
    #expect(state.hasRoom)
    _ = state.begin()
    #expect(state.hasRoom)
    _ = state.begin()
    #expect(!state.hasRoom)
    state.finish(0, "a")
    // Unread outcomes take room, too.
    #expect(!state.hasRoom)
    #expect(taken(&state) == "0a" && state.hasRoom)
  }

  @Test func theSourcesErrorComesLastAndOnce() {
    var state = StreamState<String>(window: 2, isOrdered: true)
    _ = state.begin()
    state.sourceEnded(SourceError())
    #expect(!state.hasNext)
    state.finish(0, "a")
    #expect((0..<3).map { _ in taken(&state) } == ["0a", "error", "end"])
  }

  @Test func anEmptySourceEndsAtOnce() {
    var state = StreamState<String>(window: 1, isOrdered: true)
    state.sourceEnded(nil)
    #expect(state.hasNext && taken(&state) == "end")
  }
}

import Synchronization
import Testing

@testable import MartletClient

/// Output of tasks that are tried more than once.
@Suite struct RetryOutputTests {
  struct Flaky: Error {}

  @Test func outputOfEarlierAttemptsIsKeptButNotCounted() throws {
    let state = ResultState(total: 1, method: "f")
    #expect(state.begin(0, id: "a", engines: [], outputs: 1) == 1)
    #expect(!state.addOutput(0, .text(.stdout, "one ")))
    #expect(state.willRetry(0, after: FailedAttempt(error: Flaky(), date: nil)))
    #expect(state.begin(0, id: "b", engines: [], outputs: 1) == 2)
    #expect(!state.addOutput(0, attempt: 1, .text(.stdout, "late ")))
    #expect(state.addOutput(0, attempt: 1, .idle))
    #expect(!state.finish(0, .failure(Flaky()), output: .total(1)))
    #expect(!state.isMet(.output))
    #expect(state.addOutput(0, attempt: 2, .text(.stdout, "two")))
    #expect(state.isMet(.output))
    #expect(state.storage.withLock { $0.outputs[0]?.stdout } == "one late two")
  }

  @Test func aCancelledTaskIsNotTriedAgain() {
    let state = ResultState(total: 1, method: "f")
    _ = state.begin(0, id: "a", engines: [], outputs: 0)
    #expect(state.cancel().map(\.id) == ["a"])
    #expect(!state.willRetry(0, after: FailedAttempt(error: Flaky(), date: nil)))
  }
}

import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletClient

@Suite struct ResultStateTests {
  private func reply() throws -> Result<TaskReply, any Error> {
    .success(
      try TaskReply(
        messageType: "apply_reply", content: Bytes("{\"status\":\"ok\"}"), metadata: Bytes("{}"), date: nil,
        received: .now, buffers: []))
  }

  @Test func countsOnlyTheFirstOutcome() async throws {
    let state = ResultState(total: 2, method: "f")
    #expect(state.begin(0, id: "a", engines: [], outputs: 0) == 1)
    state.complete(0, try reply(), output: .untilIdle)
    state.complete(0, .failure(TaskAborted(msgID: "a")), output: .none)
    state.complete(7, try reply(), output: .untilIdle)
    #expect(state.progress.done == 1 && state.progress.total == 2)
    try await state.wait(for: .task(0))
    try await state.wait(for: .completions(1))
  }

  @Test func cancellingAbortsUnsentTasks() async throws {
    let state = ResultState(total: 3, method: "f")
    _ = state.begin(0, id: "a", engines: [], outputs: 0)
    #expect(state.cancel().map(\.id) == ["a"])
    #expect(state.begin(1, id: "b", engines: [], outputs: 0) == nil)
    #expect(state.progress.done == 2)
    #expect(state.outstandingCount == 1)
    state.complete(0, try reply(), output: .untilIdle)
    try await state.wait(for: .all)
  }

  @Test func cancelledWaitersStopWaiting() async throws {
    let state = ResultState(total: 1, method: "f")
    let waiter = Task { try await state.wait(for: .all) }
    waiter.cancel()
    await #expect(throws: CancellationError.self) { try await waiter.value }
    #expect(!state.isCancelled)
  }

  @Test func outputIsCompleteWhenEveryEngineIsIdle() async throws {
    let state = ResultState(total: 1, method: "f")
    _ = state.begin(0, id: "a", engines: [], outputs: 2)
    let lines = state.lineStream()
    _ = state.addOutput(0, .text(.stdout, "one\ntw"))
    state.complete(0, try reply(), output: .untilIdle)
    _ = state.addOutput(0, .idle)
    _ = state.addOutput(0, .text(.stdout, "o"))
    _ = state.addOutput(0, .idle)
    try await state.wait(for: .output)
    var texts: [String] = []
    for await line in lines { texts.append(line.text) }
    #expect(texts == ["one", "two"])
    var again: [String] = []
    for await line in state.lineStream() { again.append(line.text) }
    #expect(again == texts)
  }

  @Test func outputIsCompleteWhenAllAnnouncedMessagesHaveArrived() async throws {
    let state = ResultState(total: 2, method: "f")
    _ = state.begin(0, id: "a", engines: [], outputs: 1)
    _ = state.begin(1, id: "b", engines: [], outputs: 1)
    #expect(!state.addOutput(0, .text(.stdout, "one")))
    #expect(!state.complete(0, try reply(), output: .total(3)))
    #expect(!state.addOutput(0, .other))
    #expect(state.addOutput(0, .text(.stdout, "two")))
    #expect(state.complete(1, try reply(), output: .total(0)))
    try await state.wait(for: .output)
  }

  @Test(arguments: [
    ("{\"status\":\"ok\"}", "{\"engine\":\"e\",\"outputs\":2}", RemainingOutput.total(2)),
    ("{\"status\":\"ok\"}", "{\"engine\":\"e\"}", .untilIdle),
    ("{\"status\":\"aborted\"}", "{\"engine\":\"e\"}", .none),
    ("{\"status\":\"error\",\"engine_info\":{\"engine_id\":1}}", "{}", .untilIdle),
    ("{\"status\":\"error\"}", "{}", .none),
  ])
  func repliesStateHowMuchOutputRemains(content: String, metadata: String, expected: RemainingOutput) throws {
    let reply = try TaskReply(
      messageType: "apply_reply", content: Bytes(content), metadata: Bytes(metadata), date: .now, received: .now,
      buffers: [])
    #expect(try reply.remainingOutput() == expected)
  }

  @Test func abortedTasksHaveNoOutput() async throws {
    let state = ResultState(total: 1, method: "f")
    _ = state.begin(0, id: "a", engines: [], outputs: 1)
    state.complete(0, .failure(TaskAborted(msgID: "a")), output: .none)
    try await state.wait(for: .output)
  }

  @Test func reportsProgress() async throws {
    let state = ResultState(total: 2, method: "f")
    let stream = state.progressStream()
    state.complete(1, try reply(), output: .untilIdle)
    state.complete(0, try reply(), output: .untilIdle)
    var last = 0
    for await progress in stream { last = progress.done }
    #expect(last == 2)
  }
}

import Testing

@testable import MartletController

private typealias State = TaskSchedulerState<String>

/// How many tasks are accepted from each client, and what happens to the rest.
@Suite struct QueueLimitTests {
  private let now = Instant.now
  private let one = EngineIdentity("one")

  private func state(tasks: Int = 0, bytes: Int = 0) -> State {
    State(configuration: .init(queueLimit: .init(tasks: tasks, bytes: bytes)), seed: 1)
  }

  /// Submits a task. Returns the reason if it was refused.
  private func submit(
    _ state: inout State, _ id: String, size: Int = 1, client: String = "c", after: TaskDependency = .init()
  ) -> QueueLimit.Excess? {
    state.taskSubmitted(.init(id: id, payload: id, size: size, after: after, client: client), now: now)
    var excess: QueueLimit.Excess?
    while let action = state.nextAction() {
      if case .fail(let payload, let failed, .queueFull(let reason), _) = action {
        #expect(payload == id && failed == id)
        excess = reason
      }
    }
    return excess
  }

  /// How many of a thousand tasks are accepted from each client when they take turns.
  private func accepted(_ limit: QueueLimit, size: Int, clients: Int) -> [Int] {
    var state = State(configuration: .init(queueLimit: limit), seed: 1)
    return (0..<1000).reduce(into: Array(repeating: 0, count: clients)) { counts, number in
      for client in 0..<clients where submit(&state, "\(client)-\(number)", size: size, client: "\(client)") == nil {
        counts[client] += 1
      }
    }
  }

  @Test func aClientGetsAsMuchAsIsLeftForOthers() {
    for limit in [QueueLimit(tasks: 120, bytes: 0), .init(tasks: 0, bytes: 1200)] {
      #expect(accepted(limit, size: 10, clients: 1) == [60])
      #expect(accepted(limit, size: 10, clients: 2) == [40, 40])
      #expect(accepted(limit, size: 10, clients: 5) == [20, 20, 20, 20, 20])
    }
    #expect(accepted(.none, size: .max / 10_000, clients: 2) == [1000, 1000])
  }

  @Test func bytesAndTasksAreLimitedIndependently() {
    var state = state(tasks: 8, bytes: 100)
    #expect(submit(&state, "a", size: 51) == .bytes)
    #expect(submit(&state, "b", size: 50) == nil)
    #expect(submit(&state, "c", size: 1) == .bytes)
    for id in ["d", "e", "f"] { #expect(submit(&state, id, size: 0) == nil) }
    #expect(submit(&state, "g", size: 0) == .tasks)
    #expect(submit(&state, "h", size: 25, client: "other") == nil)
    #expect(state.usage == .init(tasks: 5, bytes: 75))
  }

  @Test func pendingTasksCountUntilTheyEnd() {
    var state = state(tasks: 2)
    state.engineRegistered(one, now: now)
    #expect(submit(&state, "a") == nil)
    #expect(state.pendingIDs(on: one) == ["a"])
    #expect(submit(&state, "b") == .tasks)
    state.replyArrived(from: one, taskID: "a", outcome: .ok, reply: "", now: now)
    #expect(submit(&state, "b") == nil)
  }

  @Test func aRefusedTaskLeavesNoTrace() {
    var state = state(tasks: 2)
    #expect(submit(&state, "a") == nil)
    #expect(submit(&state, "b") == .tasks)
    #expect(state.historyCount == 0 && state.queuedIDs == ["a"] && state.usage.tasks == 1)
    // Dependencies don't know its id, and the id may be reused.
    state.abort(ids: ["a"])
    state.taskSubmitted(.init(id: "c", payload: "c", after: .init(["b"])), now: now)
    _ = state.nextAction()
    #expect(state.nextAction() == .fail("c", taskID: "c", .invalidDependency))
    #expect(submit(&state, "b") == nil)
  }

  @Test func aFinishedTaskOfThatIDIsStillKnownAfterARefusal() {
    var state = state(tasks: 2)
    #expect(submit(&state, "a") == nil)
    state.abort(ids: ["a"])
    #expect(submit(&state, "b") == nil)
    #expect(submit(&state, "a") == .tasks)
    #expect(submit(&state, "c", client: "other", after: .init(["a"], failure: true)) == nil)
    #expect(state.queuedIDs == ["b", "c"] && state.waitingCount == 0)
  }

  @Test func acceptedTasksAreNeverRefusedLater() {
    var state = state(tasks: 4)
    state.engineRegistered(one, .init(returnsTasks: true), now: now)
    state.engineRegistered(.init("two"), now: now)
    state.taskSubmitted(.init(id: "a", payload: "a", retries: 3, client: "c"), now: now)
    #expect(state.nextAction() == .dispatch("a", taskID: "a", engine: .init("two"), attempt: 1))
    #expect(submit(&state, "b") == nil && submit(&state, "c") == .tasks)
    // A retry, a returned task and a stranded one don't need room again.
    state.replyArrived(from: .init("two"), taskID: "a", outcome: .failed, reply: "", now: now)
    state.replyArrived(from: one, taskID: "b", outcome: .returned, reply: "", now: now)
    state.engineRegistered(.init("three"), now: now)
    state.engineUnregistered(one, now: now)
    state.advance(to: now + .seconds(5))
    #expect(state.usage.tasks == 2 && state.queuedCount + state.waitingCount + state.pendingCount == 2)
  }
}

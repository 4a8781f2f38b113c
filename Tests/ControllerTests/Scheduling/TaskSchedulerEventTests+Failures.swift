import Testing

@testable import MartletController

/// What the end of a task tells of the attempts before.
extension TaskSchedulerEventTests {
  @Test func theLastFailureTellsOfThoseBefore() {
    var state = scheduler([one, two])
    let failures = (1...3).map { number in
      FailedAttempt(
        number: number, engine: number == 2 ? two : one, time: now, cause: .error(name: "ValueError", text: "\(number)")
      )
    }
    _ = submit(&state, "a", retries: 3)
    for attempt in 1...3 { _ = answer(&state, attempt == 2 ? two : one, "a", .failed, attempt: attempt) }
    #expect(
      answer(&state, two, "a", .failed, tellsFailures: true) == [
        .deliver("a!", taskID: "a", engine: two, after: failures)
      ])
    // A result tells of none, and neither does the only attempt.
    state = scheduler([one, two])
    _ = submit(&state, "b", retries: 3)
    _ = answer(&state, one, "b", .failed)
    #expect(answer(&state, two, "b", tellsFailures: true) == [.deliver("b!", taskID: "b", engine: two)])
    state = scheduler([one])
    _ = submit(&state, "c")
    #expect(answer(&state, one, "c", .failed, tellsFailures: true) == [.deliver("c!", taskID: "c", engine: one)])
  }

  @Test func whatEndsATaskBetweenAttemptsTellsOfAll() {
    var state = scheduler([one, two])
    _ = submit(&state, "a", timeout: .seconds(1), retries: 9)
    _ = answer(&state, one, "a", .failed)
    #expect(answer(&state, two, "a", .failed) == [.requeued(taskID: "a")])
    state.advance(to: now + .seconds(1))
    guard case .fail(_, _, .taskTimeout, let known?)? = drain(&state, tellsFailures: true).first else {
      Issue.record("the task has no timeout")
      return
    }
    #expect(known.map(\.number) == [1, 2] && known.map(\.engine) == [one, two])
  }

  @Test func theFailuresThatAreKeptAreBounded() {
    var state = scheduler([one])
    _ = submit(&state, "a", retries: 100)
    for _ in 1...100 { _ = answer(&state, one, "a", .failed) }
    guard case .deliver(_, _, _, let known?)? = answer(&state, one, "a", .failed, tellsFailures: true).first else {
      Issue.record("the task goes on")
      return
    }
    #expect(known.map(\.number) == Array(101 - FailedAttempt.limit...100))
  }

  @Test func anEngineThatWasLostIsAFailedAttempt() {
    var state = scheduler([one, two])
    _ = submit(&state, "a", retries: 1)
    state.engineUnregistered(one, now: now)
    state.advance(to: now + .seconds(5))
    #expect(drain(&state) == [dispatched("a", two, attempt: 2)])
    let failure = FailedAttempt(
      number: 1, engine: one, time: now + .seconds(5), cause: .ended(lost(one, after: .zero)))
    state.replyArrived(from: two, taskID: "a", outcome: .failed, reply: "a!", now: now + .seconds(6))
    #expect(drain(&state, tellsFailures: true) == [.deliver("a!", taskID: "a", engine: two, after: [failure])])
  }
}

import Testing

@testable import MartletController

/// Engines that are lost, and their tasks.
extension TaskSchedulerEventTests {
  @Test(arguments: [0, 8]) func onlyTheOldestTaskIsLostWithItsEngine(_ hwm: Int) {
    var state = scheduler([one], hwm: hwm)
    for id in ["a", "b", "c"] { #expect(submit(&state, id) == [dispatched(id, one)]) }
    state.engineUnregistered(one, .silent, now: now)
    #expect(submit(&state, "d") == [])
    state.advance(to: now + EngineDeparture.silent.grace)
    let loss = EngineLoss(engine: one, reason: EngineDeparture.silent.text, duration: .zero)
    #expect(
      drain(&state) == [.fail("<a>", taskID: "a", .engineLost(loss)), .requeued(taskID: "b"), .requeued(taskID: "c")])
    // They go before what was queued meanwhile, and in their order.
    state.engineRegistered(two, now: now)
    #expect(
      drain(&state).prefix(3) == [
        dispatched("b", two, attempt: 2), dispatched("c", two, attempt: 2), dispatched("d", two),
      ])
  }

  @Test(arguments: [false, true]) func aTaskThatTakesEnginesIsStopped(isIdempotent: Bool) {
    var state = scheduler([one, two, three])
    _ = submit(&state, "a", retries: isIdempotent ? 0 : 9, isIdempotent: isIdempotent)
    var time = now
    for (count, engine) in [one, two, three].enumerated() {
      state.engineUnregistered(engine, now: time)
      time += .seconds(5)
      state.advance(to: time)
      let actions = drain(&state)
      if count < 2 {
        #expect(actions == [dispatched("a", [two, three][count], attempt: count + 2)])
      } else {
        #expect(actions == [.fail("<a>", taskID: "a", lost(three, after: .zero, count: 3, isAtLimit: true))])
      }
    }
  }

  @Test func whatCouldNotBeSentIsQueuedAtOnce() {
    var state = scheduler([one], hwm: 2)
    for id in ["a", "b"] { _ = submit(&state, id) }
    state.engineUnregistered(one, unsent: ["a", "b"], now: now)
    #expect(drain(&state) == [.requeued(taskID: "a"), .requeued(taskID: "b")])
    #expect(state.queuedIDs == ["a", "b"] && state.pendingCount == 0)
  }

  @Test func aSilentEngineIsProbedLessAndLess() {
    var state = scheduler([one])
    _ = submit(&state, "a")
    var due = now
    for seconds in [5, 5, 10, 20, 40, 60, 60] {
      due += .seconds(seconds)
      #expect(state.nextDeadline == due)
      state.advance(to: due - .milliseconds(1))
      #expect(drain(&state) == [])
      state.advance(to: due)
      #expect(drain(&state) == [.probe(one, number: 1)])
    }
    // With another oldest task it begins anew.
    state.taskSubmitted(.init(id: "b", payload: "<b>"), now: due)
    state.replyArrived(from: one, taskID: "a", outcome: .ok, reply: "a!", now: due)
    #expect(drain(&state) == [.deliver("a!", taskID: "a", engine: one), dispatched("b", one)])
    #expect(state.nextDeadline == due + .seconds(5))
  }

  @Test func aProbesAnswerEndsTheTasksBeforeIt() {
    var state = scheduler([one], hwm: 3)
    for id in ["a", "b"] { _ = submit(&state, id) }
    state.advance(to: now + .seconds(5))
    #expect(drain(&state) == [.probe(one, number: 2)])
    _ = submit(&state, "c")
    #expect(submit(&state, "d") == [])
    #expect(answer(&state, one, "a") == [.deliver("a!", taskID: "a", engine: one), dispatched("d", one)])
    state.probeAnswered(by: one, number: 2, now: now)
    #expect(drain(&state) == [.fail("<b>", taskID: "b", .unanswered(one, id: nil))])
    #expect(state.pendingIDs(on: one) == ["c", "d"])
    #expect(answer(&state, one, "b") == [.unknownReply(taskID: "b", engine: one)])
    state.probeAnswered(by: two, number: 9, now: now)
    #expect(drain(&state) == [])
  }

  @Test func anUnansweredTaskCountsAsAnAttempt() {
    var state = scheduler([one])
    _ = submit(&state, "a", retries: 1)
    #expect(submit(&state, "b") == [])
    state.probeAnswered(by: one, number: 1, now: now)
    #expect(drain(&state) == [.requeued(taskID: "a"), dispatched("b", one)])
    #expect(answer(&state, one, "b") == [.deliver("b!", taskID: "b", engine: one), dispatched("a", one, attempt: 2)])
    state.probeAnswered(by: one, number: 3, now: now)
    #expect(drain(&state) == [.fail("<a>", taskID: "a", .unanswered(one, id: nil))])
  }

  /// It runs again although it has no retries, but not forever, and not for an error of its own.
  @Test func aTaskThatMayRunTwiceNeedsNoRetryForAnAnswerThatIsLost() {
    var state = scheduler([one])
    _ = submit(&state, "a", isIdempotent: true)
    for attempt in 2...3 {
      state.probeAnswered(by: one, number: attempt - 1, now: now)
      #expect(drain(&state) == [.requeued(taskID: "a"), dispatched("a", one, attempt: attempt)])
    }
    state.probeAnswered(by: one, number: 3, now: now)
    #expect(drain(&state) == [.fail("<a>", taskID: "a", .unanswered(one, id: nil))])
    _ = submit(&state, "b", isIdempotent: true)
    #expect(answer(&state, one, "b", .failed) == [.deliver("b!", taskID: "b", engine: one)])
  }

  @Test func aTaskThatMayRunTwiceDoesNotAfterItWasAborted() {
    var state = scheduler([one, two])
    _ = submit(&state, "a", isIdempotent: true)
    state.abort(ids: ["a"])
    state.engineUnregistered(one, now: now)
    state.advance(to: now + .seconds(5))
    #expect(drain(&state) == [.fail("<a>", taskID: "a", lost(one, after: .zero))])
  }
}

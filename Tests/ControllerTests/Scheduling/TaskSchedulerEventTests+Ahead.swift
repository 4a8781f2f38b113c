import Testing

@testable import MartletController

/// Tasks that are given to an engine behind another one.
extension TaskSchedulerEventTests {
  /// One engine that returns tasks, with one pending task after several that took no time.
  private func quickEngine() -> TaskSchedulerState<String> {
    var state = TaskSchedulerState<String>(configuration: .init(), seed: 1)
    state.engineRegistered(one, .init(returnsTasks: true), now: now)
    for id in ["q", "r", "s", "t", "u", "v", "w", "x"] {
      _ = submit(&state, id)
      _ = answer(&state, one, id)
    }
    _ = submit(&state, "a")
    return state
  }

  @Test func aQuickEngineIsGivenTasksAhead() {
    var state = quickEngine()
    for number in 1...15 { #expect(submit(&state, "\(number)") == [dispatched("\(number)", one)]) }
    #expect(submit(&state, "b") == [])
    #expect(answer(&state, one, "a") == [.deliver("a!", taskID: "a", engine: one), dispatched("b", one)])
  }

  @Test func anIdleEngineComesFirst() {
    var state = quickEngine()
    state.engineRegistered(two, now: now)
    #expect(submit(&state, "b") == [dispatched("b", two)])
    #expect(submit(&state, "c") == [dispatched("c", one)])
  }

  @Test func nothingIsGivenAheadWithAMarkOrAnotherSchemeOrToOtherEngines() {
    for (configuration, returnsTasks) in [
      (TaskSchedulerState<String>.Configuration(scheme: .leastload, hwm: 1), true), (.init(scheme: .lru), true),
      (.init(), false),
    ] {
      var state = TaskSchedulerState<String>(configuration: configuration, seed: 1)
      state.engineRegistered(one, .init(returnsTasks: returnsTasks), now: now)
      for id in ["u", "v", "w", "x"] {
        _ = submit(&state, id)
        _ = answer(&state, one, id)
      }
      _ = submit(&state, "a")
      #expect(submit(&state, "b") == [])
    }
  }

  @Test func aSilentEngineIsGivenNothingAhead() {
    var state = quickEngine()
    let later = now + .milliseconds(6)
    state.taskSubmitted(.init(id: "b", payload: "<b>"), now: later)
    #expect(drain(&state) == [])
    state.replyArrived(from: one, taskID: "a", outcome: .ok, reply: "a!", now: later)
    #expect(drain(&state) == [.deliver("a!", taskID: "a", engine: one), dispatched("b", one)])
  }

  @Test func returnedTasksGoFirstAndElsewhere() {
    var state = quickEngine()
    for id in ["b", "c"] { #expect(submit(&state, id) == [dispatched(id, one)]) }
    #expect(submit(&state, "d") == [dispatched("d", one)])
    // Engines return the latest task first. An engine that has returned a task receives none ahead.
    for id in ["d", "c", "b"] { #expect(answer(&state, one, id, .returned) == [.requeued(taskID: id)]) }
    #expect(submit(&state, "e") == [])
    #expect(state.queuedCount == 4 && state.pendingIDs(on: one) == ["a"])
    state.engineRegistered(two, now: now)
    #expect(drain(&state) == [dispatched("b", two)])
    #expect(answer(&state, two, "b") == [.deliver("b!", taskID: "b", engine: two), dispatched("c", two)])
    state.replyArrived(from: one, taskID: "a", outcome: .ok, reply: "a!", now: now + .seconds(2))
    #expect(drain(&state) == [.deliver("a!", taskID: "a", engine: one), dispatched("d", one)])
    // A return costs no retry and does not exclude the engine.
    state.replyArrived(from: one, taskID: "d", outcome: .ok, reply: "d!", now: now + .seconds(3))
    #expect(drain(&state) == [.deliver("d!", taskID: "d", engine: one), dispatched("e", one)])
  }

  @Test func tasksForCertainEnginesAreGivenAheadInTheirTurn() {
    var state = quickEngine()
    for number in 1...13 { #expect(submit(&state, "\(number)") == [dispatched("\(number)", one)]) }
    #expect(submit(&state, "b", targets: [one]) == [dispatched("b", one)])
    #expect(submit(&state, "c") == [dispatched("c", one)])
    for id in ["d", "e"] { #expect(submit(&state, id, targets: [one]) == []) }
    #expect(submit(&state, "f") == [])
    #expect(
      answer(&state, one, "a") == [
        .deliver("a!", taskID: "a", engine: one), dispatched("d", one), dispatched("e", one), dispatched("f", one),
      ])
  }

  @Test func aTaskForCertainEnginesGoesToAnIdleOneFirst() {
    var state = quickEngine()
    state.engineRegistered(two, now: now)
    #expect(submit(&state, "b", targets: [one, two]) == [dispatched("b", two)])
    #expect(submit(&state, "c", targets: [one, two]) == [dispatched("c", one)])
    #expect(submit(&state, "d", targets: [two]) == [])
  }

  @Test func returnedTasksForCertainEnginesKeepTheirOrder() {
    var state = quickEngine()
    for id in ["b", "c", "d"] { #expect(submit(&state, id, targets: [one]) == [dispatched(id, one)]) }
    for id in ["d", "c", "b"] { #expect(answer(&state, one, id, .returned) == [.requeued(taskID: id)]) }
    #expect(submit(&state, "e", targets: [one]) == [])
    state.replyArrived(from: one, taskID: "a", outcome: .ok, reply: "a!", now: now + .seconds(2))
    #expect(drain(&state) == [.deliver("a!", taskID: "a", engine: one), dispatched("b", one)])
    state.replyArrived(from: one, taskID: "b", outcome: .ok, reply: "b!", now: now + .seconds(4))
    #expect(drain(&state) == [.deliver("b!", taskID: "b", engine: one), dispatched("c", one)])
    state.replyArrived(from: one, taskID: "c", outcome: .ok, reply: "c!", now: now + .seconds(4))
    #expect(
      drain(&state) == [.deliver("c!", taskID: "c", engine: one), dispatched("d", one), dispatched("e", one)])
  }

  /// An engine that was given up has got the task once more, and returns what it had before.
  @Test func onlyTheLatestAttemptCanBeReturned() {
    var state = scheduler([one], hwm: 2)
    _ = submit(&state, "a")
    _ = submit(&state, "b")
    state.engineUnregistered(one, .silent, now: now)
    state.advance(to: now + .seconds(1))
    #expect(drain(&state) == [.fail("<a>", taskID: "a", silence(of: one)), .requeued(taskID: "b")])
    state.engineRegistered(one, .init(returnsTasks: true), now: now + .seconds(1))
    #expect(drain(&state) == [dispatched("b", one, attempt: 2)])
    #expect(answer(&state, one, "b", .returned, attempt: 1) == [.unknownReply(taskID: "b", engine: one)])
    #expect(state.pendingIDs(on: one) == ["b"])
    #expect(answer(&state, one, "b", .returned, attempt: 2) == [dispatched("b", one, attempt: 2)])
  }

  private func silence(of engine: EngineIdentity) -> TaskFailureReason {
    .engineLost(EngineLoss(engine: engine, reason: EngineDeparture.silent.text, duration: .zero))
  }

  @Test func returnedTasksOfAVanishedClientAreAborted() {
    var state = quickEngine()
    _ = submit(&state, "b")
    state.clientVanished("c")
    #expect(answer(&state, one, "b", .returned) == [.fail("<b>", taskID: "b", .aborted)])
    #expect(answer(&state, one, "b", .returned) == [.unknownReply(taskID: "b", engine: one)])
  }

  @Test func pureHasNoHighWaterMark() {
    var state = TaskSchedulerState<String>(configuration: .init(scheme: .pure))
    state.engineRegistered(two, now: now)
    state.engineRegistered(one, now: now)
    for id in ["a", "b", "c", "d"] { _ = submit(&state, id) }
    #expect(state.pendingIDs(on: one) == ["a", "c"] && state.pendingIDs(on: two) == ["b", "d"])
  }
}

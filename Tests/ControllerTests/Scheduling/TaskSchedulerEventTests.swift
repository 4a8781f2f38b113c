import Testing

@testable import MartletController

/// Each event and the actions it causes.
@Suite struct TaskSchedulerEventTests {
  typealias Action = TaskSchedulerAction<String>

  let now = Instant.now
  let one = EngineIdentity("one")
  let two = EngineIdentity("two")
  let three = EngineIdentity("three")

  func scheduler(_ engines: [EngineIdentity], hwm: Int = 1, history: Int = 100) -> TaskSchedulerState<String> {
    var configuration = TaskSchedulerState<String>.Configuration(scheme: .leastload, hwm: hwm)
    configuration.historyLimit = history
    var state = TaskSchedulerState<String>(configuration: configuration, seed: 1)
    for engine in engines.reversed() { state.engineRegistered(engine, now: now) }
    return state
  }

  /// - Parameter tellsFailures: whether with the failed attempts before the end of a task.
  func drain(_ state: inout TaskSchedulerState<String>, tellsFailures: Bool = false) -> [Action] {
    var actions: [Action] = []
    while let action = state.nextAction() { actions.append(tellsFailures ? action : action.withoutFailures) }
    return actions
  }

  func dispatched(_ id: String, _ engine: EngineIdentity, attempt: Int = 1) -> Action {
    .dispatch("<\(id)>", taskID: id, engine: engine, attempt: attempt)
  }

  func lost(_ engine: EngineIdentity, after duration: Duration, count: Int = 1, isAtLimit: Bool = false)
    -> TaskFailureReason
  {
    .engineLost(
      EngineLoss(
        engine: engine, reason: EngineDeparture.left.text, duration: duration, count: count, isAtLimit: isAtLimit))
  }

  func submit(
    _ state: inout TaskSchedulerState<String>, _ id: String, targets: [EngineIdentity] = [],
    after: TaskDependency = .init(), follow: TaskDependency = .init(), timeout: Duration? = nil,
    deadline: Instant? = nil, retries: Int = 0, isIdempotent: Bool = false,
    retriesAnywhere: Bool = false, client: String = "c"
  ) -> [Action] {
    state.taskSubmitted(
      .init(
        id: id, payload: "<\(id)>", targets: targets, after: after, follow: follow, timeout: timeout,
        deadline: deadline, retries: retries, isIdempotent: isIdempotent, retriesAnywhere: retriesAnywhere,
        client: client), now: now)
    return drain(&state)
  }

  func answer(
    _ state: inout TaskSchedulerState<String>, _ engine: EngineIdentity, _ id: String, _ outcome: TaskOutcome = .ok,
    attempt: Int? = nil, tellsFailures: Bool = false
  ) -> [Action] {
    state.replyArrived(
      from: engine, taskID: id, outcome: outcome, attempt: attempt, reply: "\(id)!",
      cause: .error(name: "ValueError", text: attempt.map { "\($0)" } ?? ""), now: now)
    return drain(&state, tellsFailures: tellsFailures)
  }

  func retire(_ state: inout TaskSchedulerState<String>, _ engine: EngineIdentity) -> [Action] {
    state.engineRetires(engine, now: now)
    return drain(&state)
  }

  @Test func anEngineThatRetiresGetsNoMoreTasks() {
    var state = scheduler([one, two])
    #expect(submit(&state, "a") == [dispatched("a", one)])
    #expect(retire(&state, one) == [])
    #expect(submit(&state, "b") == [dispatched("b", two)])
    #expect(submit(&state, "c") == [])
    #expect(answer(&state, one, "a") == [.deliver("a!", taskID: "a", engine: one), .retired(one)])
    #expect(answer(&state, two, "b") == [.deliver("b!", taskID: "b", engine: two), dispatched("c", two)])
    // One that has nothing has retired at once, and as often as it asks; one that is not registered, too.
    #expect(retire(&state, one) == [.retired(one)])
    #expect(retire(&state, three) == [.retired(three)])
    state.engineUnregistered(one, now: now)
    #expect(drain(&state) == [])
    // It may come back.
    state.engineRegistered(one, now: now)
    #expect(submit(&state, "d") == [dispatched("d", one)])
  }

  @Test func whatARetiringEngineReturnsGoesElsewhere() {
    var state = scheduler([one, two], hwm: 2)
    #expect(submit(&state, "a") == [dispatched("a", one)])
    #expect(submit(&state, "b") == [dispatched("b", two)])
    #expect(submit(&state, "c") == [dispatched("c", one)])
    #expect(retire(&state, one) == [])
    #expect(answer(&state, one, "c", .returned) == [dispatched("c", two)])
    #expect(answer(&state, one, "a") == [.deliver("a!", taskID: "a", engine: one), .retired(one)])
  }

  @Test func tasksForARetiringEngineAloneEndWithIt() {
    var state = scheduler([one, two])
    #expect(retire(&state, one) == [.retired(one)])
    #expect(submit(&state, "a", targets: [one]) == [])
    state.engineUnregistered(one, now: now)
    #expect(drain(&state) == [.fail("<a>", taskID: "a", .impossibleDependency)])
  }

  @Test func leastLoadTakesTheLeastRecentlyUsed() {
    var state = scheduler([one, two], hwm: 2)
    #expect(submit(&state, "a") == [dispatched("a", one)])
    #expect(submit(&state, "b") == [dispatched("b", two)])
    #expect(submit(&state, "c") == [dispatched("c", one)])
    #expect(submit(&state, "d") == [dispatched("d", two)])
    #expect(submit(&state, "e") == [])
    #expect(state.queuedCount == 1 && state.pendingCount == 4 && state.queuedIDs == ["e"])
    #expect(answer(&state, two, "b") == [.deliver("b!", taskID: "b", engine: two), dispatched("e", two)])
    #expect(state.pendingIDs(on: two) == ["d", "e"])
    #expect(state.load(of: one) == 2 && state.load(of: two) == 2 && state.load(of: three) == nil)
  }

  @Test func newEnginesTakeQueuedTasksInOrder() {
    var state = scheduler([])
    #expect(submit(&state, "a") == [] && submit(&state, "b") == [])
    state.engineRegistered(one, now: now)
    #expect(drain(&state) == [dispatched("a", one)])
    state.engineRegistered(one, now: now)
    #expect(drain(&state) == [])
  }

  @Test func unexpectedRepliesAreCounted() {
    var state = scheduler([one, two])
    #expect(answer(&state, one, "a") == [.unknownReply(taskID: "a", engine: one)])
    _ = submit(&state, "a")
    #expect(answer(&state, two, "a") == [.unknownReply(taskID: "a", engine: two)])
    _ = answer(&state, one, "a")
    #expect(answer(&state, one, "a") == [.unknownReply(taskID: "a", engine: one)])
  }

  @Test func anIDInFlightIsRefusedAndAFinishedOneIsNot() {
    var state = scheduler([one])
    _ = submit(&state, "a")
    #expect(submit(&state, "a") == [.duplicate("<a>", taskID: "a")])
    _ = answer(&state, one, "a")
    #expect(submit(&state, "a") == [dispatched("a", one)])
  }

  @Test func retriesAvoidTheEngineAndCountAttempts() {
    var state = scheduler([one, two])
    _ = submit(&state, "a", retries: 3)
    #expect(answer(&state, one, "a", .failed) == [dispatched("a", two, attempt: 2)])
    // All engines have failed it, so each may get it again.
    #expect(answer(&state, two, "a", .failed) == [dispatched("a", one, attempt: 3)])
    #expect(answer(&state, one, "a", .failed) == [dispatched("a", two, attempt: 4)])
    #expect(answer(&state, two, "a", .failed) == [.deliver("a!", taskID: "a", engine: two)])
  }

  @Test func engineThatCannotRunATaskIsNotForgiven() {
    var state = scheduler([one, two])
    _ = submit(&state, "a", retries: 2)
    #expect(answer(&state, one, "a", .unmetDependency) == [dispatched("a", two, attempt: 2)])
    #expect(answer(&state, two, "a", .failed) == [.requeued(taskID: "a"), dispatched("a", two, attempt: 3)])
    #expect(answer(&state, two, "a", .unmetDependency) == [.deliver("a!", taskID: "a", engine: two)])
  }

  @Test func aTimeoutDoesNotLimitTheAttemptsOfWhoWantsThemAnywhere() {
    var state = scheduler([one])
    _ = submit(&state, "a", timeout: .seconds(1), retries: 2, retriesAnywhere: true)
    #expect(answer(&state, one, "a", .failed) == [.requeued(taskID: "a"), dispatched("a", one, attempt: 2)])
    #expect(answer(&state, one, "a", .failed) == [.requeued(taskID: "a"), dispatched("a", one, attempt: 3)])
    #expect(answer(&state, one, "a", .failed) == [.deliver("a!", taskID: "a", engine: one)])
    // One that can't run it is not tried again: the task waits for another one.
    _ = submit(&state, "b", timeout: .seconds(1), retries: 2, retriesAnywhere: true)
    #expect(answer(&state, one, "b", .unmetDependency) == [.requeued(taskID: "b")])
    state.engineRegistered(two, now: now)
    #expect(drain(&state) == [dispatched("b", two, attempt: 2)])
    #expect(answer(&state, two, "b", .failed) == [.requeued(taskID: "b"), dispatched("b", two, attempt: 3)])
    #expect(answer(&state, two, "b") == [.deliver("b!", taskID: "b", engine: two)])
  }

  @Test func aTaskThatWaitsForAFreshEngineIsTriedWhereItFailedWhenThatGoes() {
    var state = scheduler([one, two])
    _ = submit(&state, "a", timeout: .seconds(60), retries: 1, retriesAnywhere: true)
    _ = submit(&state, "b")
    #expect(answer(&state, one, "a", .failed) == [.requeued(taskID: "a")])
    state.engineUnregistered(two, now: now)
    #expect(drain(&state) == [dispatched("a", one, attempt: 2)])
  }

  @Test func aTaskWithATimeoutWaitsForAnotherEngine() {
    var state = scheduler([one])
    _ = submit(&state, "a", timeout: .seconds(1), retries: 5)
    #expect(answer(&state, one, "a", .failed) == [.requeued(taskID: "a")])
    #expect(state.nextDeadline == now + .seconds(1))
    state.advance(to: now + .milliseconds(999))
    #expect(drain(&state) == [])
    state.advance(to: now + .seconds(1))
    #expect(drain(&state) == [.fail("<a>", taskID: "a", .taskTimeout)])
    // The engine's probe timer finds nothing to do.
    state.advance(to: now + .seconds(5))
    #expect(drain(&state) == [] && state.nextDeadline == nil)
  }

  @Test func unmetDependenciesCostNoRetry() {
    var state = scheduler([one, two, three])
    _ = submit(&state, "a", retries: 1)
    #expect(answer(&state, one, "a", .unmetDependency) == [dispatched("a", two, attempt: 2)])
    #expect(answer(&state, two, "a", .failed) == [dispatched("a", three, attempt: 3)])
    #expect(answer(&state, three, "a", .failed) == [.deliver("a!", taskID: "a", engine: three)])
  }

  @Test func abortedRepliesAreNotRetried() {
    var state = scheduler([one, two])
    _ = submit(&state, "a", retries: 3)
    #expect(answer(&state, one, "a", .aborted) == [.deliver("a!", taskID: "a", engine: one)])
  }

  @Test func exhaustedOrUnknownTargetsAreImpossible() {
    var state = scheduler([one, two])
    #expect(submit(&state, "x", targets: [three]) == [.fail("<x>", taskID: "x", .impossibleDependency)])
    _ = submit(&state, "a", targets: [one, three], retries: 2)
    #expect(answer(&state, one, "a", .unmetDependency) == [.fail("<a>", taskID: "a", .impossibleDependency)])
    _ = submit(&state, "b")
    _ = submit(&state, "c")
    #expect(submit(&state, "d", targets: [one, three]) == [])
    state.engineRegistered(three, now: now)
    #expect(drain(&state) == [dispatched("d", three)])
  }

  @Test func dependenciesAreValidatedAndFollowed() {
    var state = scheduler([one, two])
    #expect(submit(&state, "x", after: .init(["?"])) == [.fail("<x>", taskID: "x", .invalidDependency)])
    #expect(submit(&state, "y", after: .init(["y"])) == [.fail("<y>", taskID: "y", .invalidDependency)])
    #expect(submit(&state, "z", after: .init(["x"])) == [.fail("<z>", taskID: "z", .impossibleDependency)])
    _ = submit(&state, "a")
    #expect(submit(&state, "b", after: .init(["a"]), follow: .init(["a"])) == [])
    #expect(submit(&state, "c", after: .init(["a"], success: false, failure: true)) == [])
    #expect(state.waitingCount == 2)
    #expect(
      answer(&state, one, "a") == [
        .deliver("a!", taskID: "a", engine: one), .fail("<c>", taskID: "c", .impossibleDependency),
        dispatched("b", one),
      ])
  }

  @Test func forgottenTasksAreInvalidDependencies() {
    var state = scheduler([one], history: 1)
    for id in ["a", "b"] {
      _ = submit(&state, id)
      _ = answer(&state, one, id)
    }
    #expect(state.historyCount == 1)
    #expect(submit(&state, "c", after: .init(["a"])) == [.fail("<c>", taskID: "c", .invalidDependency)])
  }

  @Test func lateResultsCountUntilTheGracePeriodEnds() {
    var state = scheduler([one, two])
    _ = submit(&state, "a")
    _ = submit(&state, "b", retries: 1)
    state.engineUnregistered(one, now: now)
    #expect(state.nextDeadline == now + .seconds(5) && state.engineCount == 1)
    #expect(answer(&state, one, "a") == [.deliver("a!", taskID: "a", engine: one)])
    state.engineUnregistered(two, now: now)
    state.engineRegistered(three, now: now)
    state.advance(to: now + .seconds(5))
    #expect(drain(&state) == [dispatched("b", three, attempt: 2)])
    state.engineUnregistered(three, now: now + .seconds(7))
    state.advance(to: now + .seconds(12))
    #expect(drain(&state) == [.fail("<b>", taskID: "b", lost(three, after: .seconds(2), count: 2))])
    #expect(answer(&state, three, "b") == [.unknownReply(taskID: "b", engine: three)])
  }

  @Test func aReturningEngineGivesUpItsFormerTasks() {
    var state = scheduler([one])
    _ = submit(&state, "a")
    state.engineUnregistered(one, now: now)
    state.engineRegistered(one, now: now)
    #expect(drain(&state) == [.fail("<a>", taskID: "a", lost(one, after: .zero))])
    #expect(submit(&state, "b") == [dispatched("b", one)])
  }

  @Test func abortsReachQueuedTasksOnly() {
    var state = scheduler([one])
    for id in ["a", "b", "c", "d"] { _ = submit(&state, id, client: id == "d" ? "other" : "c") }
    state.abort(ids: ["a", "b", "?"])
    #expect(drain(&state) == [.fail("<b>", taskID: "b", .aborted)])
    state.abortAll(of: "c")
    #expect(drain(&state) == [.fail("<c>", taskID: "c", .aborted)])
    #expect(answer(&state, one, "a") == [.deliver("a!", taskID: "a", engine: one), dispatched("d", one)])
  }

  @Test func aTaskIsNotStartedAfterItsDeadline() {
    var state = scheduler([one])
    #expect(
      submit(&state, "late", deadline: now) == [.fail("<late>", taskID: "late", .deadlinePassed)])
    #expect(submit(&state, "a", deadline: now + .seconds(1)) == [dispatched("a", one)])
    #expect(submit(&state, "b", deadline: now + .seconds(2)) == [])
    #expect(submit(&state, "c", timeout: .seconds(3), deadline: now + .seconds(4)) == [])
    #expect(submit(&state, "d", timeout: .seconds(9), deadline: now + .seconds(5)) == [])
    #expect(state.nextDeadline == now + .seconds(2))
    state.advance(to: now + .seconds(5))
    #expect(
      drain(&state).prefix(3) == [
        .fail("<b>", taskID: "b", .deadlinePassed), .fail("<c>", taskID: "c", .taskTimeout),
        .fail("<d>", taskID: "d", .deadlinePassed),
      ])
    // It began in time.
    #expect(answer(&state, one, "a") == [.deliver("a!", taskID: "a", engine: one)])
  }

  @Test func aTaskIsNotTriedAgainAfterItsDeadline() {
    var state = scheduler([one, two])
    let deadline = now + .seconds(1)
    #expect(submit(&state, "a", deadline: deadline, retries: 3) == [dispatched("a", one)])
    #expect(submit(&state, "b", deadline: deadline, retries: 3) == [dispatched("b", two)])
    state.replyArrived(from: two, taskID: "b", outcome: .failed, attempt: nil, reply: "b!", now: deadline)
    #expect(drain(&state) == [.deliver("b!", taskID: "b", engine: two)])
  }

  @Test func aReturnedTaskIsNotStartedAfterItsDeadline() {
    var state = scheduler([one])
    _ = submit(&state, "a", deadline: now + .seconds(1))
    state.replyArrived(
      from: one, taskID: "a", outcome: .returned, attempt: 1, reply: "a!", now: now + .seconds(1))
    #expect(drain(&state) == [.fail("<a>", taskID: "a", .deadlinePassed)])
  }

  @Test func anAbortedTaskIsNotRetried() {
    var state = scheduler([one, two])
    _ = submit(&state, "a", retries: 3)
    _ = submit(&state, "b", retries: 3)
    state.abort(ids: ["a", "b"])
    #expect(drain(&state) == [])
    #expect(answer(&state, one, "a", .failed) == [.deliver("a!", taskID: "a", engine: one)])
    state.engineUnregistered(two, now: now)
    state.advance(to: now + .seconds(60))
    #expect(drain(&state) == [.fail("<b>", taskID: "b", lost(two, after: .zero))])
  }

  @Test func aVanishedClientsTasksAreNotRetried() {
    var state = scheduler([one, two])
    _ = submit(&state, "a", retries: 1)
    _ = submit(&state, "b")
    _ = submit(&state, "c")
    state.clientVanished("c")
    #expect(drain(&state) == [.fail("<c>", taskID: "c", .aborted)])
    #expect(answer(&state, one, "a", .failed) == [.deliver("a!", taskID: "a", engine: one)])
  }
}

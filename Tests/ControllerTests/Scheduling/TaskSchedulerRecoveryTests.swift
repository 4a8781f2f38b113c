import Testing

@testable import MartletController

private typealias Action = TaskSchedulerAction<String>

/// Going on with the tasks of an earlier controller, and what the journal is told.
@Suite struct TaskSchedulerRecoveryTests {
  let now = Instant.now
  let one = EngineIdentity("one")
  let two = EngineIdentity("two")

  private func scheduler(reportsChanges: Bool = false, crashLimit: Int = 3) -> TaskSchedulerState<String> {
    var configuration = TaskSchedulerState<String>.Configuration(scheme: .leastload, hwm: 1, crashLimit: crashLimit)
    configuration.reportsChanges = reportsChanges
    return TaskSchedulerState<String>(configuration: configuration, seed: 1)
  }

  private func drain(_ state: inout TaskSchedulerState<String>) -> [Action] {
    var actions: [Action] = []
    while let action = state.nextAction() { actions.append(action) }
    #expect(state.problems().isEmpty)
    return actions
  }

  private func dispatched(_ id: String, _ engine: EngineIdentity, attempt: Int = 1) -> Action {
    .dispatch("<\(id)>", taskID: id, engine: engine, attempt: attempt)
  }

  private func answer(
    _ state: inout TaskSchedulerState<String>, _ engine: EngineIdentity, _ id: String
  ) -> [Action] {
    state.replyArrived(from: engine, taskID: id, outcome: .ok, reply: "\(id)!", now: now)
    return drain(&state)
  }

  private func submission(
    _ id: String, targets: [EngineIdentity] = [], after: [String] = [], retries: Int = 0, isRepeated: Bool = false
  ) -> TaskSubmission<String> {
    TaskSubmission(
      id: id, payload: "<\(id)>", targets: targets, after: TaskDependency(after), retries: retries,
      isRepeated: isRepeated, client: "c")
  }

  private func restore(
    _ state: inout TaskSchedulerState<String>, _ submission: TaskSubmission<String>, on engine: String? = nil,
    attempt: UInt16 = 1, retries: Int16 = 0, losses: UInt16 = 0, order: Int = 0
  ) {
    let placement = engine.map {
      TaskPlacement(engine: $0, attempt: attempt, retries: retries, lossCount: losses, order: order)
    }
    let isRestored = state.restore(
      .init(submission: submission, placement: placement), patience: .seconds(30), now: now)
    #expect(isRestored)
  }

  /// A client that finds that the earlier controller lost a task sends it again, behind others that depend on it.
  @Test func aDependencyMayBeSentAgain() {
    var state = scheduler()
    state.beginRecovery(until: now + .seconds(30))
    state.engineRegistered(one, now: now)
    state.taskSubmitted(submission("c", after: ["b"]), now: now)
    state.taskSubmitted(submission("b", after: ["a"]), now: now)
    state.taskSubmitted(submission("d"), now: now)
    #expect(drain(&state) == [dispatched("d", one)])
    state.taskSubmitted(submission("c", after: ["b"], isRepeated: true), now: now)
    #expect(drain(&state) == [.duplicate("<c>", taskID: "c")])
    state.taskSubmitted(submission("a", isRepeated: true), now: now)
    #expect(answer(&state, one, "d").contains(dispatched("a", one)))
    #expect(answer(&state, one, "a").contains(dispatched("b", one)))
    #expect(answer(&state, one, "b").contains(dispatched("c", one)))
  }

  /// A controller that dies while it waits for the dependency leaves the task to the next one.
  @Test func whatWaitsForADependencyIsJournaled() {
    var state = scheduler(reportsChanges: true)
    state.beginRecovery(until: now + .seconds(30))
    state.taskSubmitted(submission("b", after: ["a"]), now: now)
    #expect(drain(&state) == [.changed("<b>", taskID: "b", .accepted)])
    state.taskSubmitted(submission("a", isRepeated: true), now: now)
    #expect(drain(&state) == [.changed("<a>", taskID: "a", .accepted)])

    var next = scheduler(reportsChanges: true)
    next.beginRecovery(until: now + .seconds(30))
    restore(&next, submission("c", after: ["d"]))
    restore(&next, submission("b", after: ["a"]))
    // Accepted later, because it was sent again.
    restore(&next, submission("a"))
    next.endRestoring()
    #expect(drain(&next) == [])
    #expect(next.queuedIDs == ["a", "b"])
    next.engineRegistered(one, now: now)
    #expect(drain(&next).contains(dispatched("a", one)))
    #expect(answer(&next, one, "a").contains(dispatched("b", one)))
    _ = answer(&next, one, "b")
    next.taskSubmitted(submission("e", after: ["f"]), now: now)
    _ = drain(&next)
    next.advance(to: now + .seconds(30))
    #expect(
      drain(&next) == [
        .changed("<c>", taskID: "c", .ended(isSuccess: false)), .fail("<c>", taskID: "c", .invalidDependency),
        .changed("<e>", taskID: "e", .ended(isSuccess: false)), .fail("<e>", taskID: "e", .invalidDependency),
      ])
  }

  /// A deadline is a date, which a new controller finds in the task as the earlier one did.
  @Test func deadlinesStay() {
    var state = scheduler()
    for (id, seconds) in [("late", 0), ("soon", 5), ("unbegun", 1)] {
      var task = submission(id)
      task.deadline = now + .seconds(seconds)
      restore(&state, task, on: id == "unbegun" ? "one" : nil)
    }
    state.endRestoring()
    #expect(drain(&state) == [.fail("<late>", taskID: "late", .deadlinePassed)])
    state.engineRegistered(one, tasks: [:], now: now + .seconds(2))
    #expect(
      drain(&state) == [.fail("<unbegun>", taskID: "unbegun", .deadlinePassed), dispatched("soon", one)])
  }

  /// The engine that has an aborted task stays known; it is not tried again by a new controller either.
  @Test func theJournalLearnsThatATaskIsAborted() throws {
    var state = scheduler(reportsChanges: true)
    state.engineRegistered(one, now: now)
    state.taskSubmitted(submission("a", retries: 3), now: now)
    let task = try #require(state.tasks.find("a"))
    let order = state.tasks[task].sequence
    _ = drain(&state)
    state.abort(ids: ["a"])
    #expect(
      drain(&state) == [
        .changed("<a>", taskID: "a", .placed(TaskPlacement(engine: "one", attempt: 1, retries: -1, order: order)))
      ])
  }

  /// One that may run twice does, unless it was aborted.
  @Test(arguments: [0, -1] as [Int16]) func aTaskThatMayRunTwiceIsLostWithItsEngine(retries: Int16) {
    var state = scheduler()
    var task = submission("a")
    task.isIdempotent = true
    restore(&state, task, on: "one", retries: retries)
    state.engineRegistered(two, now: now)
    state.advance(to: now + .seconds(31))
    let loss = EngineLoss(engine: one, reason: EngineDeparture.absent(.zero).text)
    #expect(
      drain(&state)
        == (retries == 0
          ? [dispatched("a", two, attempt: 2)] : [.fail("<a>", taskID: "a", .engineLost(loss))]))
  }

  @Test func aDependencyThatIsNotSentAgainIsInvalidInTheEnd() {
    var state = scheduler()
    state.beginRecovery(until: now + .seconds(30))
    state.taskSubmitted(submission("b", after: ["a"]), now: now)
    state.taskSubmitted(submission("c", after: ["a"]), now: now)
    #expect(drain(&state) == [])
    state.abort(ids: ["c"])
    #expect(drain(&state) == [.fail("<c>", taskID: "c", .invalidDependency)])
    state.advance(to: now + .seconds(30))
    #expect(drain(&state) == [.fail("<b>", taskID: "b", .invalidDependency)])
    state.taskSubmitted(submission("d", after: ["a"]), now: now + .seconds(31))
    #expect(drain(&state) == [.fail("<d>", taskID: "d", .invalidDependency)])
  }

  @Test func tasksThatNoEngineHadAreQueued() {
    var state = scheduler()
    restore(&state, submission("a"))
    restore(&state, submission("b", after: ["a"]))
    #expect(drain(&state) == [])
    #expect(state.queuedIDs == ["a", "b"])
    state.engineRegistered(one, now: now)
    #expect(drain(&state) == [dispatched("a", one)])
    #expect(state.usage.tasks == 2)
  }

  /// The engine reports what it runs; the dispatch of the other never reached it.
  @Test func anEngineThatComesBackKeepsWhatItHas() {
    var state = scheduler()
    restore(&state, submission("a"), on: "one")
    restore(&state, submission("b"), on: "one")
    state.beginRecovery(until: now + .seconds(30))
    #expect(state.pendingIDs(on: one) == ["a", "b"])
    state.engineRegistered(two, now: now)
    #expect(drain(&state) == [])
    state.engineRegistered(one, id: 0, tasks: ["a": 1, "unknown": 1], now: now)
    #expect(drain(&state) == [dispatched("b", two, attempt: 2)])
    state.replyArrived(from: one, taskID: "a", outcome: .ok, reply: "a!", now: now)
    #expect(drain(&state) == [.deliver("a!", taskID: "a", engine: one)])
    // It is an engine like any other from now on.
    state.taskSubmitted(submission("c"), now: now)
    #expect(drain(&state) == [dispatched("c", one)])
  }

  /// It has failed the task before, and the next attempt at it was lost with the controller.
  /// What it asked for reached a controller that had not heard of it yet.
  @Test func anEngineThatRetiresHasToComeBackFirst() {
    var state = scheduler()
    restore(&state, submission("a"), on: "one")
    state.engineRetires(one, now: now)
    #expect(drain(&state) == [])
    state.engineRegistered(one, id: 0, .init(returnsTasks: true), tasks: ["a": 1], now: now)
    state.engineRetires(one, now: now)
    #expect(drain(&state) == [])
    state.taskSubmitted(submission("b"), now: now)
    #expect(drain(&state) == [])
    #expect(answer(&state, one, "a") == [.deliver("a!", taskID: "a", engine: one), .retired(one)])
  }

  @Test func anEarlierAttemptIsNotTheLatest() {
    var state = scheduler()
    restore(&state, submission("a", retries: 2), on: "one", attempt: 2, retries: 1)
    state.engineRegistered(one, id: 0, tasks: ["a": 1], now: now)
    #expect(drain(&state) == [.requeued(taskID: "a"), dispatched("a", one, attempt: 3)])
  }

  @Test func aReplyThatComesBeforeTheEngineCounts() {
    var state = scheduler()
    restore(&state, submission("a"), on: "one")
    state.replyArrived(from: one, taskID: "a", outcome: .ok, reply: "a!", now: now)
    #expect(drain(&state) == [.deliver("a!", taskID: "a", engine: one)])
    state.engineRegistered(one, tasks: [:], now: now)
    state.taskSubmitted(submission("c"), now: now)
    #expect(drain(&state) == [dispatched("c", one)])
  }

  /// Nobody is registered when the reply comes that excludes the only engine there will be.
  @Test func aTaskThatItsEngineCannotRunEndsWhenThatComesBack() {
    var state = scheduler()
    for id in ["a", "b"] { restore(&state, submission(id), on: "one") }
    state.endRestoring()
    state.beginRecovery(until: now + .seconds(30))
    state.replyArrived(from: one, taskID: "a", outcome: .unmetDependency, reply: "a!", now: now)
    #expect(drain(&state) == [.requeued(taskID: "a")])
    state.engineRegistered(one, tasks: ["a": 1, "b": 1], now: now)
    #expect(drain(&state) == [.deliver("a!", taskID: "a", engine: one)])
    #expect(state.pendingIDs(on: one) == ["b"])
  }

  /// An engine of ipyparallel can't tell what it has. If it doesn't answer, a probe finds out.
  @Test func anEngineThatDoesNotTellKeepsAll() {
    var state = scheduler()
    restore(&state, submission("a"), on: "one")
    state.engineRegistered(one, now: now)
    #expect(drain(&state) == [])
    #expect(state.pendingIDs(on: one) == ["a"])
    state.advance(to: now + .seconds(6))
    let actions = drain(&state)
    guard case .probe(one, let number)? = actions.first else { return #expect(Bool(false), "\(actions)") }
    state.probeAnswered(by: one, number: number, now: now + .seconds(6))
    #expect(drain(&state) == [.fail("<a>", taskID: "a", .unanswered(one, id: nil))])
  }

  /// What an engine was given first is not what was accepted first: a task may have been returned, or waited for another.
  @Test func theTasksOfAnEngineKeepTheOrderOfTheirDispatch() {
    var state = scheduler()
    restore(&state, submission("a"), on: "one", order: 7)
    restore(&state, submission("b"), on: "one", order: 5)
    restore(&state, submission("c"), on: "one", order: 6)
    state.endRestoring()
    #expect(state.pendingIDs(on: one) == ["b", "c", "a"])
    // Only the first can have begun.
    state.advance(to: now + .seconds(30))
    let loss = EngineLoss(engine: one, reason: EngineDeparture.absent(.zero).text, duration: nil)
    #expect(
      drain(&state) == [.fail("<b>", taskID: "b", .engineLost(loss)), .requeued(taskID: "c"), .requeued(taskID: "a")])
    #expect(state.queuedIDs == ["c", "a"])
  }

  /// Later dispatches come after those of the earlier controller.
  @Test func theOrderOfDispatchGoesOn() {
    var state = scheduler(reportsChanges: true)
    restore(&state, submission("a"), on: "one", order: 7)
    state.endRestoring()
    state.engineRegistered(two, now: now)
    state.taskSubmitted(submission("b"), now: now)
    let placement = TaskPlacement(engine: "two", attempt: 1, order: 8)
    #expect(
      drain(&state) == [
        .changed("<b>", taskID: "b", .accepted), .changed("<b>", taskID: "b", .placed(placement)),
        dispatched("b", two),
      ])
  }

  /// The reply was in the engine's socket when the engine sent it once more.
  @Test func aReplyThatComesTwiceCountsForItsAttemptOnly() {
    var state = scheduler()
    restore(&state, submission("a", retries: 1), on: "one", retries: 1)
    state.engineRegistered(one, tasks: ["a": 1], now: now)
    state.replyArrived(from: one, taskID: "a", outcome: .failed, reply: "a!", now: now)
    #expect(drain(&state) == [.requeued(taskID: "a"), dispatched("a", one, attempt: 2)])
    state.replyArrived(from: one, taskID: "a", outcome: .failed, attempt: 1, reply: "a!", now: now)
    #expect(drain(&state) == [.unknownReply(taskID: "a", engine: one)])
    state.replyArrived(from: one, taskID: "a", outcome: .ok, reply: "a!!", now: now)
    #expect(drain(&state) == [.deliver("a!!", taskID: "a", engine: one)])
  }

  /// Of the tasks of an engine that doesn't come back only the first can have begun.
  @Test func anEngineThatStaysAwayIsLost() {
    var state = scheduler()
    restore(&state, submission("a"), on: "one")
    restore(&state, submission("b"), on: "one")
    restore(&state, submission("r"), on: "two", attempt: 2, retries: 1, losses: 1)
    state.engineRegistered(EngineIdentity("three"), now: now)
    #expect(drain(&state) == [])
    state.advance(to: now + .seconds(29))
    #expect(drain(&state) == [])
    state.advance(to: now + .seconds(31))
    let loss = EngineLoss(engine: one, reason: EngineDeparture.absent(.zero).text)
    let actions = drain(&state)
    #expect(actions.first == .fail("<a>", taskID: "a", .engineLost(loss)))
    // The one with a retry runs again, and so does the one that had not begun.
    #expect(actions.contains { if case .dispatch(_, let id, _, _) = $0 { ["b", "r"].contains(id) } else { false } })
    #expect(state.queuedIDs.count == 1)
  }

  @Test func theCrashLimitCountsEarlierLosses() {
    var state = scheduler(crashLimit: 2)
    restore(&state, submission("p", retries: 9), on: "one", attempt: 2, retries: 8, losses: 1)
    state.engineAwaited(one, id: 5)
    state.engineAwaited(two, id: 6)
    state.engineUnregistered(one, .ended("it was killed"), now: now)
    state.advance(to: now + .seconds(1))
    let loss = EngineLoss(engine: one, id: 5, reason: "it was killed", count: 2, isAtLimit: true)
    #expect(drain(&state) == [.fail("<p>", taskID: "p", .engineLost(loss))])
  }

  /// Targets that have not come back yet are waited for, but not forever.
  @Test func tasksWithTargetsWaitForThem() {
    var state = scheduler()
    state.beginRecovery(until: now + .seconds(30))
    restore(&state, submission("a", targets: [one]))
    restore(&state, submission("b", targets: [two]))
    #expect(drain(&state) == [])
    state.engineRegistered(one, now: now)
    #expect(drain(&state) == [dispatched("a", one)])
    #expect(answer(&state, one, "a") == [.deliver("a!", taskID: "a", engine: one)])
    state.advance(to: now + .seconds(30))
    #expect(drain(&state) == [.fail("<b>", taskID: "b", .impossibleDependency)])
    state.taskSubmitted(submission("late", targets: [two]), now: now)
    #expect(drain(&state) == [.fail("<late>", taskID: "late", .impossibleDependency)])
  }

  @Test func dependenciesOnEndedTasksAreMet() {
    var state = scheduler()
    state.restoreEnded("done", isSuccess: true)
    state.restoreEnded("broken", isSuccess: false)
    restore(&state, submission("a", after: ["done"]))
    restore(&state, submission("b", after: ["broken"]))
    #expect(drain(&state) == [.fail("<b>", taskID: "b", .impossibleDependency)])
    state.engineRegistered(one, now: now)
    #expect(drain(&state) == [dispatched("a", one)])
  }

  @Test func anIDIsRestoredOnce() {
    var state = scheduler()
    restore(&state, submission("a"))
    let isRestored = state.restore(
      .init(submission: submission("a"), placement: nil), patience: .seconds(1), now: now)
    #expect(!isRestored)
    state.taskSubmitted(submission("a"), now: now)
    #expect(drain(&state) == [.duplicate("<a>", taskID: "a")])
  }

  /// A client that doesn't know whether a task arrived must not have it run twice.
  @Test func aRepeatedSubmissionOfAKnownTaskIsDropped() {
    var state = scheduler()
    state.restoreEnded("done", isSuccess: true)
    state.taskSubmitted(submission("done", isRepeated: true), now: now)
    #expect(drain(&state) == [.duplicate("<done>", taskID: "done")])
    state.taskSubmitted(submission("new", isRepeated: true), now: now)
    #expect(state.queuedIDs == ["new"])
    state.taskSubmitted(submission("done"), now: now)
    #expect(state.queuedIDs == ["new", "done"])
  }

  @Test func theJournalIsToldBeforeAnythingFollows() {
    var state = scheduler(reportsChanges: true)
    state.engineRegistered(one, now: now)
    func changed(_ id: String, _ change: TaskChange) -> Action { .changed("<\(id)>", taskID: id, change) }
    state.taskSubmitted(submission("a", retries: 1), now: now)
    #expect(
      drain(&state) == [
        changed("a", .accepted),
        changed("a", .placed(TaskPlacement(engine: "one", attempt: 1, retries: 1, order: 1))), dispatched("a", one),
      ])
    state.taskSubmitted(submission("b"), now: now)
    #expect(drain(&state) == [changed("b", .accepted)])
    state.replyArrived(from: one, taskID: "a", outcome: .failed, reply: "a!", now: now)
    #expect(
      drain(&state) == [
        changed("a", .placed(TaskPlacement(engine: nil, attempt: 1, retries: 0))), .requeued(taskID: "a"),
        changed("b", .placed(TaskPlacement(engine: "one", attempt: 1, order: 2))), dispatched("b", one),
      ])
    state.replyArrived(from: one, taskID: "b", outcome: .ok, reply: "b!", now: now)
    #expect(
      drain(&state) == [
        changed("b", .ended(isSuccess: true)), .deliver("b!", taskID: "b", engine: one),
        changed("a", .placed(TaskPlacement(engine: "one", attempt: 2, order: 3))), dispatched("a", one, attempt: 2),
      ])
    state.taskSubmitted(submission("x", after: ["never"]), now: now)
    #expect(
      drain(&state) == [
        changed("x", .accepted), changed("x", .ended(isSuccess: false)),
        .fail("<x>", taskID: "x", .invalidDependency),
      ])
  }
}

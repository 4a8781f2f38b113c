import Testing

@testable import MartletController

/// Which of several queued tasks an engine gets: priorities, and clients that take turns.
@Suite struct TaskSchedulerOrderTests {
  let now = Instant.now
  let one = EngineIdentity("one")
  let two = EngineIdentity("two")

  private func scheduler(_ engines: [EngineIdentity], hwm: Int? = 1) -> TaskSchedulerState<String> {
    var state = TaskSchedulerState<String>(configuration: .init(scheme: .leastload, hwm: hwm), seed: 1)
    for engine in engines.reversed() { state.engineRegistered(engine, now: now) }
    return state
  }

  /// Performs the actions. Returns the ids of the tasks that were dispatched.
  @discardableResult
  private func drain(_ state: inout TaskSchedulerState<String>) -> [String] {
    var dispatched: [String] = []
    while let action = state.nextAction() { if case .dispatch(_, let id, _, _) = action { dispatched.append(id) } }
    #expect(state.problems() == [])
    return dispatched
  }

  @discardableResult
  private func submit(
    _ state: inout TaskSchedulerState<String>, _ id: String, of client: String = "c", priority: Int8 = 0,
    targets: [EngineIdentity] = [], after: [String] = [], retries: Int = 0
  ) -> [String] {
    state.taskSubmitted(
      TaskSubmission(
        id: id, payload: id, targets: targets, after: TaskDependency(after), priority: priority, retries: retries,
        client: client), now: now)
    return drain(&state)
  }

  private func answer(
    _ state: inout TaskSchedulerState<String>, _ engine: EngineIdentity, _ id: String, _ outcome: TaskOutcome = .ok
  ) -> [String] {
    state.replyArrived(from: engine, taskID: id, outcome: outcome, reply: "", now: now)
    return drain(&state)
  }

  /// Answers what runs on an engine until nothing is left. Returns the order in which the tasks ran.
  private func run(_ state: inout TaskSchedulerState<String>, on engine: EngineIdentity) -> [String] {
    var order: [String] = []
    while let id = state.pendingIDs(on: engine).first {
      order.append(id)
      _ = answer(&state, engine, id)
    }
    return order
  }

  // MARK: - Priorities

  @Test func aHigherPriorityGoesFirst() {
    var state = scheduler([one])
    submit(&state, "running")
    for (id, priority) in [("a", 0), ("low", -10), ("b", 0), ("high", 10), ("higher", 100)] as [(String, Int8)] {
      #expect(submit(&state, id, priority: priority) == [])
    }
    #expect(run(&state, on: one) == ["running", "higher", "high", "a", "b", "low"])
  }

  @Test func aPriorityOvertakesAllClients() {
    var state = scheduler([one])
    submit(&state, "running")
    for client in ["x", "y"] { for number in 0..<2 { submit(&state, "\(client)\(number)", of: client) } }
    submit(&state, "high", of: "x", priority: 1)
    #expect(run(&state, on: one) == ["running", "high", "y0", "x0", "y1", "x1"])
  }

  @Test func aPriorityDoesNotTakeBackWhatAnEngineHas() {
    var state = scheduler([one], hwm: 2)
    for id in ["a", "b", "c"] { submit(&state, id) }
    #expect(submit(&state, "high", priority: 1) == [])
    #expect(state.pendingIDs(on: one) == ["a", "b"])
    #expect(answer(&state, one, "a") == ["high"])
  }

  @Test func priorityHoldsAmongTasksWithTargetsAndRetriedOnes() {
    var state = scheduler([one, two])
    submit(&state, "a", priority: 1, retries: 1)
    submit(&state, "b")
    submit(&state, "any", priority: 2)
    submit(&state, "target", priority: 3, targets: [two])
    // It is tried again on the other engine, behind what has a higher priority.
    #expect(answer(&state, one, "a", .failed) == ["any"])
    submit(&state, "low", priority: -1)
    #expect(answer(&state, two, "b") == ["target"])
    #expect(answer(&state, two, "target") == ["a"])
    #expect(answer(&state, two, "a") == ["low"])
  }

  /// Dependents that become ready when an engine gets room compete for it with what was queued before.
  @Test func aDependentOvertakesWhatIsQueued() {
    var state = scheduler([one])
    submit(&state, "a")
    submit(&state, "b")
    submit(&state, "dependent", priority: 1, after: ["a"])
    #expect(answer(&state, one, "a") == ["dependent"])
    #expect(run(&state, on: one) == ["dependent", "b"])
  }

  @Test func aReturnedTaskGoesFirstWithinItsPriority() {
    var state = scheduler([one], hwm: 2)
    for id in ["a", "b", "c"] { submit(&state, id) }
    submit(&state, "high", priority: 1)
    #expect(answer(&state, one, "b", .returned) == ["high"])
    #expect(run(&state, on: one) == ["a", "high", "b", "c"])
  }

  @Test func whatALostEngineHadNotBegunIsTakenByPriority() {
    var state = scheduler([one], hwm: 3)
    for (id, priority) in [("begun", 0), ("a", 0), ("high", 1)] as [(String, Int8)] {
      submit(&state, id, priority: priority)
    }
    submit(&state, "b")
    state.engineUnregistered(one, now: now)
    state.advance(to: now + .seconds(5))
    state.engineRegistered(two, now: now)
    #expect(drain(&state) == ["high", "a", "b"])
  }

  // MARK: - Turns

  @Test func clientsTakeTurns() {
    var state = scheduler([one])
    for number in 0..<5 { submit(&state, "a\(number)", of: "a") }
    for number in 0..<3 { submit(&state, "b\(number)", of: "b") }
    submit(&state, "c0", of: "c")
    #expect(run(&state, on: one) == ["a0", "b0", "c0", "a1", "b1", "a2", "b2", "a3", "a4"])
  }

  /// An urgent call beside another client's batch waits for no more than one task.
  @Test func aClientThatComesIsServedBeforeTheOneThatWasServedLast() {
    var state = scheduler([one])
    for number in 0..<1000 { submit(&state, "batch\(number)", of: "batch") }
    for number in 0..<10 {
      #expect(submit(&state, "call\(number)", of: "caller") == [])
      #expect(answer(&state, one, "batch\(number)") == ["call\(number)"])
      #expect(answer(&state, one, "call\(number)") == ["batch\(number + 1)"])
    }
  }

  /// Clients that come and go can't keep one waiting that has tasks.
  @Test func newClientsDoNotStarveAnOldOne() {
    var state = scheduler([one])
    submit(&state, "running", of: "batch")
    for number in 0..<10 { submit(&state, "batch\(number)", of: "batch") }
    var order: [String] = []
    for number in 0..<20 {
      for copy in 0..<2 { submit(&state, "new\(number).\(copy)", of: "client \(number).\(copy)") }
      let id = state.pendingIDs(on: one)[0]
      order.append(id)
      _ = answer(&state, one, id)
    }
    // Two come while one task runs; those that came before the latter began are ahead of the batch.
    #expect(order.prefix(8) == ["running", "new0.0", "new0.1", "batch0", "new1.0", "new1.1", "new2.0", "new2.1"])
    #expect(order.contains("batch1"))
  }

  @Test func aTurnThatWasWaitedForIsNotSavedUp() {
    var state = scheduler([one, two])
    // The tasks of one client can run on an engine only that is busy for long.
    submit(&state, "long", of: "a", targets: [two])
    for number in 0..<3 { submit(&state, "a\(number)", of: "a", targets: [two]) }
    for number in 0..<9 { submit(&state, "b\(number)", of: "b") }
    for number in 0..<4 { _ = answer(&state, one, "b\(number)") }
    for number in 3..<5 { submit(&state, "a\(number)", of: "a") }
    #expect(run(&state, on: one) == ["b4", "a3", "b5", "a4", "b6", "b7", "b8"])
  }

  @Test func turnsHoldAmongTasksWithTargetsAndRetriedOnes() {
    var state = scheduler([one, two])
    submit(&state, "x", of: "x")
    submit(&state, "failing", of: "c", retries: 1)
    for number in 0..<3 { submit(&state, "a\(number)", of: "a") }
    for number in 0..<3 { submit(&state, "b\(number)", of: "b", targets: [one]) }
    #expect(answer(&state, two, "failing", .failed) == ["a0"])
    #expect(run(&state, on: one) == ["x", "b0", "failing", "a1", "b1", "a2", "b2"])
  }

  @Test func manyClientsAndPrioritiesAreServedInTurn() {
    var state = scheduler([one])
    submit(&state, "running", of: "x")
    let priorities: [Int8] = [-100, 0, 100]
    for number in 0..<3 {
      for client in 0..<50 {
        for priority in priorities {
          submit(&state, "\(priority) \(number) \(client)", of: "client \(client)", priority: priority)
        }
      }
    }
    let order = run(&state, on: one).dropFirst()
    let expected = priorities.reversed().flatMap { priority in
      (0..<3).flatMap { number in (0..<50).map { "\(priority) \(number) \($0)" } }
    }
    #expect(Array(order) == expected)
    #expect(state.queues.capacity <= 256)
  }
}

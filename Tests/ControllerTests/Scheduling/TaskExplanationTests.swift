import Testing

@testable import MartletController

/// What is said about a task in each place it may be in.
@Suite struct TaskExplanationTests {
  let now = Instant.now

  private func scheduler(engines: Int, hwm: Int = 1) -> TaskSchedulerState<Int> {
    var state = TaskSchedulerState<Int>(configuration: .init(scheme: .leastload, hwm: hwm), seed: 1)
    for id in (0..<engines).reversed() { state.engineRegistered(.init("e\(id)"), id: id, now: now) }
    return state
  }

  private func submit(
    _ state: inout TaskSchedulerState<Int>, _ id: String, of client: String = "c", priority: Int8 = 0,
    targets: [String] = [], after: [String] = [], follow: [String] = [], timeout: Duration? = nil, retries: Int = 0
  ) {
    state.taskSubmitted(
      TaskSubmission(
        id: id, payload: 0, targets: targets.map { EngineIdentity($0) }, after: TaskDependency(after),
        follow: TaskDependency(follow), timeout: timeout, priority: priority, retries: retries, client: client),
      now: now)
  }

  private func why(_ state: TaskSchedulerState<Int>, _ id: String, after time: Duration = .zero) -> String? {
    state.explanation(of: id, now: now + time)
  }

  @Test func withoutEngines() {
    var state = scheduler(engines: 0)
    submit(&state, "a")
    #expect(why(state, "a") == "no engine is registered")
    #expect(why(state, "b") == nil)
  }

  @Test func onAnEngine() {
    var state = scheduler(engines: 1, hwm: 3)
    for id in ["a", "b", "c"] { submit(&state, id) }
    #expect(why(state, "a", after: .milliseconds(3250)) == "engine 0 runs it, for at most 3.2 s")
    #expect(
      why(state, "b", after: .seconds(2))
        == "engine 0 has it, behind 1 task, the first of which has run for at most 2.0 s")
    #expect(why(state, "c") == "engine 0 has it, behind 2 tasks, the first of which has run for at most 0.0 s")
    state.engineUnregistered(.init("e0"), now: now)
    #expect(why(state, "a") == "engine 0 has it, which is gone: if its reply doesn't come soon, it is given up")
  }

  @Test func atItsEnd() {
    var state = scheduler(engines: 1)
    for (id, outcome) in [("a", .ok), ("b", .failed)] as [(String, TaskOutcome)] {
      submit(&state, id)
      state.replyArrived(from: .init("e0"), taskID: id, outcome: outcome, reply: 0, now: now)
    }
    #expect(why(state, "a") == "it has ended with a result")
    #expect(why(state, "b") == "it has ended without a result")
  }

  @Test func behindOthers() {
    var state = scheduler(engines: 2)
    for number in 0..<5 { submit(&state, "\(number)") }
    #expect(why(state, "2") == "none of the 2 engines has room")
    #expect(why(state, "4") == "none of the 2 engines has room, and before it are 2 tasks of its own client")
    submit(&state, "high", of: "d", priority: 1)
    submit(&state, "other", of: "d")
    #expect(
      why(state, "3")
        == "none of the 2 engines has room, and before it are 1 task with a higher priority and 1 task of its own client; "
        + "1 other client takes turns with its own")
    #expect(why(state, "high") == "none of the 2 engines has room")
  }

  @Test func behindALongQueue() {
    var state = scheduler(engines: 1)
    for number in 0..<10_100 { submit(&state, "\(number)") }
    #expect(
      why(state, "10099") == "the engine has no room, and before it are more than 10000 tasks of its own client")
  }

  @Test func withDependencies() {
    var state = scheduler(engines: 1)
    for number in 0..<8 { submit(&state, "\(number)") }
    submit(&state, "one", after: ["0"])
    submit(&state, "many", after: (0..<8).map(String.init), follow: ["1"])
    #expect(why(state, "one") == "it depends on 1 task that has not ended: 0")
    #expect(why(state, "many")?.hasPrefix("it depends on 8 tasks that have not ended: ") == true)
    #expect(why(state, "many")?.hasSuffix(" and 3 more") == true)
    state.replyArrived(from: .init("e0"), taskID: "0", outcome: .ok, reply: 0, now: now)
    #expect(why(state, "many")?.hasPrefix("it depends on 7 tasks") == true)
  }

  @Test func withTargets() {
    var state = scheduler(engines: 3)
    for number in 0..<3 { submit(&state, "\(number)") }
    submit(&state, "one", targets: ["e1"])
    submit(&state, "two", targets: ["e1", "e2"])
    #expect(why(state, "one") == "only engine 1 may run it, and it has no room")
    #expect(why(state, "two") == "only engine 1, engine 2 may run it, and they have no room")
  }

  @Test func afterAFailure() {
    var state = scheduler(engines: 2)
    submit(&state, "a", retries: 1)
    submit(&state, "b", timeout: .seconds(60), retries: 1)
    state.replyArrived(from: .init("e0"), taskID: "a", outcome: .failed, reply: 0, now: now)
    #expect(why(state, "a") == "engine 0 failed it or can't run it, and no other engine has room")
    state.engineUnregistered(.init("e0"), now: now)
    state.replyArrived(from: .init("e1"), taskID: "b", outcome: .unmetDependency, reply: 0, now: now)
    #expect(why(state, "b") != nil)
  }

  @Test func afterARestart() {
    var state = scheduler(engines: 0)
    state.beginRecovery(until: now + .seconds(30))
    let task = TaskSubmission(id: "a", payload: 0, client: "c")
    _ = state.restore(
      .init(submission: task, placement: TaskPlacement(engine: "e7", attempt: 1)), patience: .seconds(30), now: now)
    state.endRestoring()
    #expect(why(state, "a") == "engine e7 has it, which has not come back since the controller was restarted")
    state.engineRegistered(.init("e0"), id: 0, now: now)
    submit(&state, "b", targets: ["e8"])
    #expect(why(state, "b") == "its targets have not come back since the controller was restarted")
    submit(&state, "c", after: ["unknown"])
    #expect(why(state, "c")?.contains("may be sent again") == true)
  }
}

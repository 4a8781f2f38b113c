import Testing

@testable import MartletController

/// Many tasks and many engines.
@Suite struct TaskSchedulerScaleTests {
  @Test(arguments: [SchedulingScheme.leastload, .weighted]) func manyTasksOnManyEngines(_ scheme: SchedulingScheme) {
    let now = Instant.now
    var configuration = TaskSchedulerState<Int>.Configuration(scheme: scheme)
    configuration.historyLimit = 1000
    var state = TaskSchedulerState<Int>(configuration: configuration, seed: 7)
    for number in 0..<1000 { state.engineRegistered(.init("e\(number)"), now: now) }
    for number in 0..<50_000 {
      var submission = TaskSubmission(id: "t\(number)", payload: number)
      if number % 10 == 1 { submission.after = TaskDependency(["t\(number - 1)"]) }
      if number % 10 == 2 { submission.targets = [.init("e\(number % 1000)"), .init("e\(number % 777)")] }
      if number % 10 == 3 { submission.retries = 2 }
      state.taskSubmitted(submission, now: now)
    }
    var ended = 0
    while let action = state.nextAction() {
      switch action {
      case .dispatch(let payload, let id, let engine, _):
        let outcome: TaskOutcome = payload % 10 == 3 ? .failed : .ok
        state.replyArrived(from: engine, taskID: id, outcome: outcome, reply: payload, now: now)
      case .deliver: ended += 1
      case .requeued: break
      default: Issue.record("unexpected \(action)")
      }
    }
    #expect(ended == 50_000)
    #expect(state.historyCount == 1000 && state.tasks.count == 1000 && state.dependencies.count == 0)
    #expect(state.queuedCount + state.waitingCount + state.pendingCount == 0)
    #expect(state.usage == .init() && state.problems() == [])
  }

  /// A million tasks may be queued.
  @Test func aTaskTakesNoMoreMemoryThanItHasTo() {
    #expect(MemoryLayout<ScheduledTask<HeldMessage>>.stride == 96)
  }

  /// Covers everything that grows with a backlog: tasks, constraints, groups, edges, timers, clients, engines and their
  /// names.
  @Test(arguments: [SchedulingScheme.leastload, .weighted]) func memoryIsReleasedAfterABacklog(
    _ scheme: SchedulingScheme
  ) {
    var now = Instant.now
    var state = TaskSchedulerState<Int>(configuration: .init(scheme: scheme, historyLimit: 10), seed: 7)
    let engines = (0..<2000).map { EngineIdentity("e\($0)") }
    for engine in engines { state.engineRegistered(engine, now: now) }
    for number in 0..<20_000 {
      var submission = TaskSubmission(id: "t\(number)", payload: number, size: 10, client: "c\(number / 10)")
      if number >= 2000, number % 4 == 0 { submission.after = TaskDependency(["t\(number - 1000)"], failure: true) }
      if number >= 2000, number % 4 == 1 { submission.targets = [engines[number % 1999], .init("named \(number)")] }
      if number >= 2000, number % 4 == 2 { submission.timeout = .seconds(1) }
      state.taskSubmitted(submission, now: now)
    }
    #expect(capacities(state).allSatisfy { $0 >= 1000 })
    #expect(state.usage == .init(tasks: 20_000, bytes: 200_000))
    now += .seconds(2)
    state.advance(to: now)
    for engine in engines.dropFirst() { state.engineUnregistered(engine, now: now) }
    now += .seconds(10)
    state.advance(to: now)
    state.abort(ids: (0..<19_999).map { "t\($0)" })
    while let action = state.nextAction() {
      guard case .dispatch(let payload, let id, let engine, _) = action else { continue }
      state.replyArrived(from: engine, taskID: id, outcome: .ok, reply: payload, now: now)
    }
    #expect(state.usage == .init() && state.problems() == [])
    #expect(capacities(state).allSatisfy { $0 <= 512 }, "\(capacities(state))")
  }

  private func capacities(_ state: TaskSchedulerState<Int>) -> [Int] {
    [
      state.tasks.capacity, state.engines.capacity, state.queues.capacity, state.dependencies.capacity,
      state.clients.capacity, state.timers.capacity, state.actions.capacity,
    ]
  }
}

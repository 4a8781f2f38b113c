import Testing

@testable import MartletController

/// Many tasks and many engines.
@Suite struct TaskSchedulerScaleTests {
  @Test(arguments: [SchedulingScheme.leastload, .weighted]) func manyTasksOnManyEngines(_ scheme: SchedulingScheme) {
    let now = ContinuousClock.now
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
        state.resultArrived(from: engine, taskID: id, outcome: outcome, reply: payload, now: now)
      case .deliver: ended += 1
      default: Issue.record("unexpected \(action)")
      }
    }
    #expect(ended == 50_000)
    #expect(state.historyCount == 1000 && state.tasks.count == 1000 && state.graph.count == 0)
    #expect(state.queuedCount + state.waitingCount + state.pendingCount == 0)
    #expect(state.loads.values.allSatisfy { $0 == 0 })
  }

  @Test func sharesOfWeightedDrawsFollowTheWeights() {
    var tree = WeightTree()
    for index in 0..<5 { tree.set(Double(index), at: index) }
    #expect(tree.total == 10)
    #expect((0..<10).map { tree.index(at: Double($0)) } == [1, 2, 2, 3, 3, 3, 4, 4, 4, 4])
  }
}

import MartletWire
import Testing

@testable import MartletController

/// Engines that run several tasks at once.
@Suite struct ConcurrencyTests {
  private let now = Instant.now
  private let one = EngineIdentity("one")
  private let two = EngineIdentity("two")

  private func scheduler(_ engines: KeyValuePairs<EngineIdentity, Bool>, hwm: Int? = 1) -> TaskSchedulerState<String> {
    var state = TaskSchedulerState<String>(configuration: .init(scheme: .leastload, hwm: hwm), seed: 1)
    for (number, (engine, isConcurrent)) in engines.enumerated().reversed() {
      state.engineRegistered(engine, id: number, .init(isConcurrent: isConcurrent), now: now)
    }
    return state
  }

  private func events(_ state: inout TaskSchedulerState<String>) -> [String] {
    var events: [String] = []
    while let action = state.nextAction() {
      switch action {
      case .dispatch(_, let id, let engine, _): events.append("\(id) on \(engine)")
      case .fail(_, let id, .engineLost, _): events.append("\(id) lost")
      case .deliver(_, let id, _, _): events.append("\(id) delivered")
      default: break
      }
    }
    return events
  }

  private func submit(
    _ state: inout TaskSchedulerState<String>, _ id: String, _ concurrency: UInt16 = 1, _ required: Resources = [:],
    targets: [EngineIdentity] = [], priority: Int8 = 0
  ) -> [String] {
    let demand = required.isEmpty ? nil : ResourceDemand(resources: required)
    state.taskSubmitted(
      .init(
        id: id, payload: id, targets: targets, demand: demand, priority: priority, concurrency: concurrency,
        client: "c"), now: now)
    return events(&state)
  }

  private func answer(
    _ state: inout TaskSchedulerState<String>, _ engine: EngineIdentity, _ id: String, _ outcome: TaskOutcome = .ok
  ) -> [String] {
    state.replyArrived(from: engine, taskID: id, outcome: outcome, reply: id, now: now)
    return events(&state)
  }

  @Test func anEngineIsSentAsManyAsItMayRun() {
    var state = scheduler([one: true])
    #expect(submit(&state, "a", 3) == ["a on one"] && submit(&state, "b", 3) == ["b on one"])
    #expect(submit(&state, "c", 3) == ["c on one"] && submit(&state, "d", 3) == [])
    #expect(state.explanation(of: "c", now: now) == "engine 0 runs it, for at most 0.0 s")
    // In the order of their completion.
    #expect(answer(&state, one, "b") == ["b delivered", "d on one"])
    #expect(answer(&state, one, "a") == ["a delivered"] && answer(&state, one, "d") == ["d delivered"])
  }

  @Test func otherEnginesGetThemOneByOne() {
    var state = scheduler([one: false])
    #expect(submit(&state, "a", 3) == ["a on one"] && submit(&state, "b", 3) == [])
    #expect(answer(&state, one, "a") == ["a delivered", "b on one"])
  }

  @Test func idleEnginesComeFirst() {
    var state = scheduler([one: true, two: true])
    #expect(submit(&state, "a", 2) == ["a on one"] && submit(&state, "b", 2) == ["b on two"])
    let later = submit(&state, "c", 2) + submit(&state, "d", 2)
    #expect(Set(later) == ["c on one", "d on two"] || Set(later) == ["c on two", "d on one"])
    #expect(submit(&state, "e", 2) == [])
  }

  @Test func nothingElseRunsBesideThem() {
    var state = scheduler([one: true])
    #expect(submit(&state, "a", 2) == ["a on one"] && submit(&state, "plain") == [])
    // It has its turn first.
    #expect(submit(&state, "b", 2) == [])
    #expect(answer(&state, one, "a") == ["a delivered", "plain on one"])
    #expect(submit(&state, "c", 2) == [])
    #expect(answer(&state, one, "plain") == ["plain delivered", "b on one", "c on one"])
  }

  @Test func prioritiesTargetsAndResourcesCount() {
    var state = TaskSchedulerState<String>(configuration: .init(scheme: .leastload, hwm: 1), seed: 1)
    state.engineRegistered(one, .init(isConcurrent: true, resources: ["licence": 2]), now: now)
    #expect(
      submit(&state, "a", 4, ["licence": 1]) == ["a on one"] && submit(&state, "b", 4, ["licence": 1]) == ["b on one"])
    #expect(submit(&state, "c", 4, ["licence": 1]) == [])
    #expect(submit(&state, "d", 4, targets: [one]) == ["d on one"] && submit(&state, "e", 4) == ["e on one"])
    #expect(submit(&state, "f", 4) == [] && submit(&state, "g", 4, priority: 1) == [])
    #expect(answer(&state, one, "d") == ["d delivered", "g on one"])
    #expect(answer(&state, one, "a") == ["a delivered", "c on one"])
  }

  @Test func allThatHaveBegunAreLost() {
    var state = scheduler([one: true], hwm: 3)
    for id in ["a", "b"] { #expect(submit(&state, id, 2) == ["\(id) on one"]) }
    #expect(submit(&state, "plain") == ["plain on one"])
    state.engineUnregistered(one, now: now)
    state.engineRegistered(two, now: now)
    _ = events(&state)
    state.advance(to: now + .seconds(5))
    #expect(Set(events(&state)) == ["a lost", "b lost", "plain on two"])
  }

  @Test func anEarlierControllersTasksMayAllHaveBegun() {
    var state = TaskSchedulerState<String>(configuration: .init(scheme: .leastload, hwm: 1), seed: 1)
    for (order, id) in ["a", "b"].enumerated() {
      let placement = TaskPlacement(engine: "one", attempt: 1, retries: 0, lossCount: 0, order: order + 1)
      let submission = TaskSubmission(id: id, payload: id, concurrency: 2, client: "c")
      let isRestored = state.restore(
        .init(submission: submission, placement: placement), patience: .seconds(9), now: now)
      #expect(isRestored)
    }
    state.endRestoring()
    var returned = state
    returned.engineRegistered(one, .init(isConcurrent: true), tasks: ["a": 1, "b": 1], now: now)
    #expect(answer(&returned, one, "b") == ["b delivered"] && answer(&returned, one, "a") == ["a delivered"])
    state.advance(to: now + .seconds(9))
    #expect(Set(events(&state)) == ["a lost", "b lost"])
  }
}

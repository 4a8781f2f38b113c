import MartletWire
import Testing

@testable import MartletController

/// Tasks that require something of their engines.
@Suite struct ResourceTests {
  private typealias Action = TaskSchedulerAction<String>

  private let now = Instant.now
  private let plain = EngineIdentity("plain")
  private let one = EngineIdentity("one")
  private let two = EngineIdentity("two")

  private func scheduler(
    _ engines: KeyValuePairs<EngineIdentity, Resources>, hwm: Int? = 4, returnsTasks: Bool = false
  ) -> TaskSchedulerState<String> {
    var state = TaskSchedulerState<String>(configuration: .init(scheme: .leastload, hwm: hwm), seed: 1)
    for (number, (engine, offer)) in engines.enumerated().reversed() {
      state.engineRegistered(engine, id: number, .init(returnsTasks: returnsTasks, resources: offer), now: now)
    }
    return state
  }

  /// What was sent where, or ended how.
  private func events(_ state: inout TaskSchedulerState<String>) -> [String] {
    var events: [String] = []
    while let action = state.nextAction() {
      switch action {
      case .dispatch(_, let id, let engine, _): events.append("\(id) on \(engine)")
      case .fail(_, let id, let reason, _): events.append("\(id) \(reason)")
      case .deliver(_, let id, _, _): events.append("\(id) delivered")
      default: break
      }
    }
    return events
  }

  private func submit(
    _ state: inout TaskSchedulerState<String>, _ id: String, _ required: Resources = [:], isUrgent: Bool = false,
    targets: [EngineIdentity] = [], timeout: Duration? = nil, priority: Int8 = 0, retries: Int = 0
  ) -> [String] {
    let demand = required.isEmpty ? nil : ResourceDemand(resources: required, isUrgent: isUrgent)
    state.taskSubmitted(
      .init(
        id: id, payload: id, targets: targets, demand: demand, timeout: timeout, priority: priority, retries: retries,
        client: "c"), now: now)
    return events(&state)
  }

  private func answer(
    _ state: inout TaskSchedulerState<String>, _ engine: EngineIdentity, _ id: String, _ outcome: TaskOutcome = .ok
  ) -> [String] {
    state.replyArrived(from: engine, taskID: id, outcome: outcome, reply: id, now: now)
    return events(&state)
  }

  @Test func anEngineHasNoMoreThanItOffers() {
    var state = scheduler([plain: [:], one: ["gpu": 2]])
    #expect(submit(&state, "a", ["gpu": 1]) == ["a on one"])
    #expect(submit(&state, "b", ["gpu": 1]) == ["b on one"])
    #expect(submit(&state, "c", ["gpu": 1]) == [])
    // What requires nothing goes on.
    #expect(submit(&state, "d") == ["d on plain"] && submit(&state, "e") == ["e on plain"])
    #expect(answer(&state, one, "a") == ["a delivered", "c on one"])
    #expect(answer(&state, one, "b", .failed) == ["b delivered"])
    #expect(answer(&state, one, "c", .aborted) == ["c delivered"])
    #expect(submit(&state, "f", ["gpu": 2]) == ["f on one"])
  }

  @Test func withOneTaskAtATimeResourcesChooseTheEngine() {
    var state = scheduler([plain: [:], one: ["gpu": 1], two: ["gpu": 2, "memory": .gigabytes(8)]], hwm: 1)
    #expect(submit(&state, "a", ["memory": .gigabytes(8)]) == ["a on two"])
    #expect(submit(&state, "b", ["gpu": 2]) == [] && submit(&state, "c", ["gpu": 1]) == ["c on one"])
    #expect(submit(&state, "d", ["gpu": 1]) == [] && submit(&state, "e") == ["e on plain"])
    #expect(answer(&state, two, "a") == ["a delivered", "b on two"])
    #expect(answer(&state, one, "c") == ["c delivered", "d on one"])
  }

  @Test func smallTasksDoNotKeepALargeOneWaiting() {
    var state = scheduler([one: ["gpu": 2]])
    #expect(submit(&state, "a", ["gpu": 1]) == ["a on one"])
    #expect(submit(&state, "large", ["gpu": 2]) == [])
    #expect(submit(&state, "b", ["gpu": 1]) == [] && submit(&state, "c", ["gpu": 1], targets: [one]) == [])
    // A higher priority goes before it.
    #expect(submit(&state, "urgent", ["gpu": 1], priority: 5) == ["urgent on one"])
    #expect(submit(&state, "d") == ["d on one"])
    #expect(answer(&state, one, "a") == ["a delivered"])
    #expect(answer(&state, one, "urgent") == ["urgent delivered", "large on one"])
    #expect(answer(&state, one, "large") == ["large delivered", "b on one", "c on one"])
  }

  @Test func whatNobodyOffersWaits() {
    var state = scheduler([plain: [:], one: ["gpu": 1]])
    #expect(submit(&state, "a", ["gpu": 4]) == [] && state.queuedCount == 1)
    #expect(state.explanation(of: "a", now: now) == "it requires gpu 4, which no engine offers")
    #expect(submit(&state, "b", ["gpu": 4], timeout: .seconds(1)) == [])
    state.advance(to: now + .seconds(1))
    #expect(events(&state) == ["b demandTimeout(\"it requires gpu 4, which no engine offers\")"])
    state.engineRegistered(two, id: 7, .init(resources: ["gpu": 4]), now: now)
    #expect(events(&state) == ["a on two"])
    #expect(submit(&state, "c", ["gpu": 4]) == [])
    #expect(
      state.explanation(of: "c", now: now)
        == "it requires gpu 4, which only engine 7 offers, and it has no room or not as much left")
  }

  @Test func whatCannotWaitFails() {
    var state = scheduler([:])
    // The first engine is waited for in any case.
    #expect(submit(&state, "a", ["gpu": 1], isUrgent: true) == [])
    state.engineRegistered(plain, now: now)
    let reason = "unmetDemand(\"it requires gpu 1, which no engine offers\")"
    #expect(events(&state) == ["a \(reason)"])
    #expect(submit(&state, "b", ["gpu": 1], isUrgent: true) == ["b \(reason)"])
    state.engineRegistered(one, .init(resources: ["gpu": 1]), now: now)
    #expect(submit(&state, "c", ["gpu": 1], isUrgent: true) == ["c on one"])
    #expect(submit(&state, "d", ["gpu": 1], isUrgent: true) == [] && submit(&state, "e", ["gpu": 1]) == [])
    state.engineUnregistered(one, now: now)
    #expect(events(&state) == ["d \(reason)"])
    #expect(state.queuedIDs == ["e"])
  }

  /// What a task lacks is not said of one that waits for something else.
  @Test func otherReasonsStay() {
    var state = scheduler([plain: [:], one: ["gpu": 1]], hwm: 1)
    #expect(submit(&state, "a", ["gpu": 1]) == ["a on one"])
    #expect(submit(&state, "b", ["gpu": 1], timeout: .seconds(1)) == [])
    state.advance(to: now + .seconds(1))
    #expect(events(&state) == ["b taskTimeout"])
    #expect(submit(&state, "c", ["gpu": 1], targets: [one]) == [])
    state.engineUnregistered(one, now: now)
    #expect(events(&state).last == "c impossibleDependency")
  }

  @Test func whatNobodyOffersIsKnown() {
    var state = scheduler([one: ["gpu": 1]])
    #expect(!state.hasDemanding && state.unofferedResources.isEmpty)
    for (id, amount) in [("a", 1.0), ("b", 4), ("c", 4)] { _ = submit(&state, id, ["gpu": ResourceAmount(amount)]) }
    #expect(state.hasDemanding && state.unofferedResources == [["gpu": 4]])
  }

  @Test func aTargetHasToOfferIt() {
    var state = scheduler([plain: [:], one: ["gpu": 1]])
    #expect(
      submit(&state, "a", ["gpu": 1], targets: [plain])
        == ["a unmetDemand(\"it requires gpu 1, which none of the engines offers that may run it\")"])
    #expect(submit(&state, "b", ["gpu": 1], targets: [plain, one]) == ["b on one"])
    #expect(submit(&state, "c", ["gpu": 1], targets: [two, one]) == [])
    // A target that comes without it takes nothing.
    state.engineRegistered(two, now: now)
    #expect(events(&state) == [])
    #expect(answer(&state, one, "b") == ["b delivered", "c on one"])
  }

  @Test func retriesUseTheOtherEnginesThatOfferIt() {
    var state = scheduler([plain: [:], one: ["gpu": 1], two: ["gpu": 1]])
    #expect(submit(&state, "a", ["gpu": 1], retries: 5) == ["a on one"])
    #expect(answer(&state, one, "a", .failed) == ["a on two"])
    #expect(answer(&state, two, "a", .failed) == ["a on one"])
    #expect(answer(&state, one, "a", .unmetDependency) == ["a on two"])
    #expect(answer(&state, two, "a", .unmetDependency) == ["a delivered"])
  }

  @Test func aLostEngineGivesBackWhatItsTasksHad() {
    var state = scheduler([one: ["gpu": 2]])
    #expect(
      submit(&state, "a", ["gpu": 1], retries: 1) == ["a on one"] && submit(&state, "b", ["gpu": 1]) == ["b on one"])
    state.engineUnregistered(one, now: now)
    state.engineRegistered(one, .init(resources: ["gpu": 2]), now: now)
    #expect(Set(events(&state)) == ["a on one", "b on one"])
    #expect(submit(&state, "c", ["gpu": 1]) == [])
  }

  @Test func nothingIsSentAheadToAnEngineThatIsAwaited() {
    var state = scheduler([one: ["gpu": 1]], hwm: nil, returnsTasks: true)
    for id in 0..<8 { _ = submit(&state, "\(id)") }
    for id in 0..<4 { _ = answer(&state, one, "\(id)") }
    #expect(state.load(of: one) ?? 0 > 1)
    #expect(submit(&state, "gpu", ["gpu": 1], priority: 1) == [])
    while let first = state.pendingIDs(on: one).first, first != "gpu" { _ = answer(&state, one, first) }
    #expect(state.pendingIDs(on: one) == ["gpu"])
    #expect(answer(&state, one, "gpu").contains("gpu delivered"))
  }

  @Test func tasksAreSentAheadAgainWhenNoneThatRequiresSomethingWaits() {
    var state = scheduler([one: ["gpu": 1]], hwm: nil, returnsTasks: true)
    for id in ["a", "gpu"] { _ = submit(&state, id, id == "gpu" ? ["gpu": 1] : [:], targets: [one]) }
    #expect(state.pendingIDs(on: one) == ["a"])
    #expect(answer(&state, one, "a") == ["a delivered", "gpu on one"])
    #expect(answer(&state, one, "gpu") == ["gpu delivered"])
    for id in ["b", "c", "d"] { _ = submit(&state, id, targets: [one]) }
    #expect(state.load(of: one) ?? 0 > 1)
  }

  @Test func anEngineThatComesBackStillHasWhatItsTasksHave() {
    var state = TaskSchedulerState<String>(configuration: .init(scheme: .leastload, hwm: 4), seed: 1)
    state.beginRecovery(until: now + .seconds(30))
    let submission = TaskSubmission(
      id: "a", payload: "a", demand: .init(resources: ["gpu": 1]), client: "c")
    let placement = TaskPlacement(engine: "one", attempt: 1, retries: 0, lossCount: 0, order: 1)
    let urgent = TaskSubmission(
      id: "b", payload: "b", demand: .init(resources: ["gpu": 2], isUrgent: true), client: "c")
    for restored in [
      TaskSchedulerState.Restored(submission: submission, placement: placement), .init(submission: urgent),
    ] {
      let isRestored = state.restore(restored, patience: .seconds(30), now: now)
      #expect(isRestored)
    }
    state.endRestoring()
    state.engineRegistered(plain, now: now)
    // The one that offers it may come back.
    #expect(events(&state) == [])
    state.engineRegistered(one, .init(resources: ["gpu": 2]), tasks: ["a": 1], now: now)
    #expect(events(&state) == [])
    #expect(answer(&state, one, "a") == ["a delivered", "b on one"])
  }

  @Test func manyTasksOfManyKindsAreFast() {
    var state = scheduler([plain: [:], one: ["gpu": 2], two: ["gpu": 1]], hwm: 0)
    let kinds: [Resources] = [["gpu": 1], ["gpu": 2], ["gpu": 0.5], ["gpu": 3]]
    for number in 0..<20_000 { _ = submit(&state, "\(number)", kinds[number % 4]) }
    var ended = 0
    while let (engine, id) = [one, two].lazy.compactMap({ engine in
      state.pendingIDs(on: engine).first.map { (engine, $0) }
    }).first {
      _ = answer(&state, engine, id)
      ended += 1
    }
    #expect(ended == 15_000 && state.queuedCount == 5000 && state.problems().isEmpty)
  }
}

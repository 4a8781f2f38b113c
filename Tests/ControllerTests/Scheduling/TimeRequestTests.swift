import MartletWire
import Testing

@testable import MartletController

/// Tasks that require some of their engine's time.
@Suite struct TimeRequestTests {
  private let start = Instant.now
  private let plain = EngineIdentity("plain")
  private let short = EngineIdentity("short")
  private let long = EngineIdentity("long")

  private func at(_ seconds: Int) -> Instant { start + .seconds(seconds) }

  /// A scheduler with engines that have so many seconds left; `nil` for any time.
  private func scheduler(
    _ engines: KeyValuePairs<EngineIdentity, Int?>, offer: Resources = [:], hwm: Int? = 1
  ) -> TaskSchedulerState<String> {
    var state = TaskSchedulerState<String>(configuration: .init(scheme: .leastload, hwm: hwm), seed: 1)
    for (number, (engine, time)) in engines.enumerated().reversed() {
      state.engineRegistered(engine, id: number, .init(resources: offer, end: time.map(at)), now: start)
    }
    return state
  }

  /// What was sent where, or ended how.
  private func events(_ state: inout TaskSchedulerState<String>) -> [String] {
    var events: [String] = []
    while let action = state.nextAction() {
      switch action {
      case .dispatch(_, let id, let engine, _): events.append("\(id) on \(engine)")
      case .fail(_, let id, .unmetDemand, _): events.append("\(id) unmetDemand")
      case .fail(_, let id, let reason, _): events.append("\(id) \(reason)")
      case .deliver(_, let id, _, _): events.append("\(id) delivered")
      default: break
      }
    }
    return events
  }

  private func submit(
    _ state: inout TaskSchedulerState<String>, _ id: String, _ seconds: Int?, _ resources: Resources = [:],
    isUrgent: Bool = false, targets: [EngineIdentity] = [], retries: Int = 0, priority: Int8 = 0, at second: Int = 0
  ) -> [String] {
    let demand =
      seconds == nil && resources.isEmpty
      ? nil : ResourceDemand(resources: resources, time: seconds.map { .seconds($0) }, isUrgent: isUrgent)
    state.taskSubmitted(
      .init(
        id: id, payload: id, targets: targets, demand: demand, priority: priority, retries: retries, client: "c"),
      now: at(second))
    return events(&state)
  }

  private func answer(
    _ state: inout TaskSchedulerState<String>, _ engine: EngineIdentity, _ id: String, _ outcome: TaskOutcome = .ok,
    at second: Int = 0
  ) -> [String] {
    state.replyArrived(from: engine, taskID: id, outcome: outcome, reply: id, now: at(second))
    return events(&state)
  }

  @Test func aTaskGoesWhereItFits() {
    var state = scheduler([short: 60, long: 3600])
    #expect(submit(&state, "a", 61) == ["a on long"])
    #expect(submit(&state, "b", 61) == [] && submit(&state, "c", 60) == ["c on short"])
    // What requires none of it goes on.
    #expect(submit(&state, "d", nil) == [])
    #expect(answer(&state, short, "c") == ["c delivered", "d on short"])
    #expect(answer(&state, long, "a") == ["a delivered", "b on long"])
  }

  @Test func timeGoesBy() {
    var state = scheduler([short: 60])
    #expect(submit(&state, "a", 30, at: 30) == ["a on short"])
    #expect(submit(&state, "b", 20, at: 30) == [] && submit(&state, "c", 5, at: 30) == [])
    // The first that fits, in the order in which they came.
    #expect(answer(&state, short, "a", at: 41) == ["a delivered", "c on short"])
    #expect(answer(&state, short, "c", at: 42) == ["c delivered"])
    #expect(state.queuedIDs == ["b"] && state.problems().isEmpty)
    state.engineRegistered(long, .init(end: at(100)), now: at(50))
    #expect(events(&state) == ["b on long"])
  }

  @Test func anEngineWithoutALimitHasAnyTime() {
    var state = scheduler([plain: nil])
    #expect(submit(&state, "a", 1_000_000_000) == ["a on plain"])
  }

  @Test func whatFitsNowhereWaits() {
    var state = scheduler([short: 60])
    #expect(submit(&state, "a", 3600) == [])
    #expect(
      state.explanation(of: "a", now: at(20))
        == "it requires 3600.0 s of an engine's time, and the engines have at most 40.0 s left; it waits for another one"
    )
    #expect(submit(&state, "b", 3600, ["gpu": 1]) == [])
    #expect(state.explanation(of: "b", now: start) == "it requires gpu 1, which no engine offers")
    #expect(submit(&state, "c", nil) == ["c on short"])
    state.engineRegistered(long, id: 7, .init(resources: ["gpu": 1], end: at(3700)), now: at(50))
    #expect(events(&state) == ["a on long"])
    #expect(
      state.explanation(of: "b", now: at(50))
        == "it requires gpu 1 and 3600.0 s of an engine's time, which only engine 7 offers, and it has no room or not as much left"
    )
    #expect(answer(&state, long, "a", at: 99) == ["a delivered", "b on long"])
  }

  @Test func whatCannotWaitFails() {
    var state = scheduler([short: 60])
    #expect(submit(&state, "a", 61, isUrgent: true) == ["a unmetDemand"])
    let demand = ResourceDemand(time: .seconds(61), isUrgent: true)
    state.taskSubmitted(.init(id: "z", payload: "z", demand: demand, client: "c"), now: start)
    let lack = "it requires 61.0 s of an engine's time, and the engines have at most 60.0 s left"
    #expect(state.nextAction() == .fail("z", taskID: "z", .unmetDemand(lack)))
    #expect(submit(&state, "b", 60, isUrgent: true) == ["b on short"])
    #expect(submit(&state, "c", 50, isUrgent: true) == [])
    // At the latest when the next engine comes or goes.
    state.engineRegistered(long, .init(end: at(31)), now: at(30))
    #expect(events(&state) == ["c unmetDemand"])
  }

  @Test func aTargetHasToHaveIt() {
    var state = scheduler([short: 60, long: 3600])
    #expect(submit(&state, "a", 61, targets: [short]) == ["a unmetDemand"])
    #expect(submit(&state, "b", 30, targets: [short]) == ["b on short"])
    #expect(submit(&state, "c", 30, targets: [short]) == [])
    #expect(submit(&state, "d", 30, targets: [short, long], priority: 1) == ["d on long"])
    #expect(submit(&state, "e", 30, targets: [short, long], priority: 1) == [])
    // Too late for one, and for the other at this engine.
    #expect(Set(answer(&state, short, "b", at: 31)) == ["b delivered", "c unmetDemand"])
    #expect(answer(&state, long, "d", at: 32) == ["d delivered", "e on long"])
  }

  @Test func whatAnEngineReturnsGoesElsewhere() {
    var state = scheduler([short: 60, long: 3600], hwm: 2)
    #expect(submit(&state, "a", 50) == ["a on short"] && submit(&state, "b", 50) == ["b on long"])
    #expect(submit(&state, "c", 50) == ["c on short"])
    #expect(answer(&state, short, "c", .returned, at: 20) == ["c on long"])
  }

  @Test func retriesUseTheOtherEnginesThatHaveIt() {
    var state = scheduler([plain: 10, short: 60, long: 60])
    #expect(submit(&state, "a", 50, retries: 5) == ["a on short"])
    #expect(answer(&state, short, "a", .failed) == ["a on long"])
    #expect(answer(&state, long, "a", .failed) == ["a on short"])
    // The only one that still has the time has failed it: once more.
    state.engineUnregistered(long, now: at(1))
    #expect(answer(&state, short, "a", .failed, at: 1) == ["a on short"])
    #expect(answer(&state, short, "a", .failed, at: 11) == [])
    #expect(state.queuedIDs == ["a"])
  }

  @Test func anEngineThatComesBackSaysItAnew() {
    var state = scheduler([short: 60])
    #expect(submit(&state, "a", 100) == [])
    state.engineUnregistered(short, now: at(1))
    state.engineRegistered(short, .init(end: at(200)), now: at(2))
    #expect(events(&state) == ["a on short"])
  }

  @Test func countsWhatAnotherEngineCouldTake() {
    var state = scheduler([short: 60])
    for (id, time) in [("a", 30), ("b", 30), ("c", 100), ("d", 200), ("e", 4000)] { _ = submit(&state, id, time) }
    _ = submit(&state, "f", nil)
    _ = submit(&state, "g", nil, ["gpu": 1])
    _ = submit(&state, "h", 100, ["gpu": 1])
    _ = submit(&state, "i", nil, targets: [short])
    #expect(state.backlog(for: [:], time: nil, now: start) == TaskBacklog(queued: 5, unmet: 3))
    #expect(state.backlog(for: [:], time: .seconds(200), now: start) == TaskBacklog(queued: 4, unmet: 2))
    #expect(state.backlog(for: [:], time: .seconds(10), now: start) == TaskBacklog(queued: 1, unmet: 0))
    #expect(state.backlog(for: ["gpu": 2], time: .seconds(200), now: start) == TaskBacklog(queued: 6, unmet: 4))
    #expect(state.backlog(for: [:], time: .seconds(200), now: at(31)) == TaskBacklog(queued: 4, unmet: 3))
    // One that is about to leave takes nothing.
    state.engineRegistered(long, now: start)
    _ = events(&state)
    #expect(state.backlog(for: [:], time: nil, now: start).unmet == 0)
    state.engineRetires(long, now: start)
    #expect(state.backlog(for: [:], time: .seconds(200), now: start).unmet == 2)
  }

  @Test func manyTasksOfDifferentTimesAreFast() {
    var state = scheduler([short: 1000, long: 20_000, plain: nil])
    for number in 0..<20_000 { _ = submit(&state, "\(number)", number) }
    var ended = 0
    while let (engine, id) = [short, long, plain].lazy.compactMap({ engine in
      state.pendingIDs(on: engine).first.map { (engine, $0) }
    }).first {
      _ = answer(&state, engine, id)
      ended += 1
    }
    #expect(ended == 20_000 && state.queuedCount == 0 && state.problems().isEmpty)
  }
}

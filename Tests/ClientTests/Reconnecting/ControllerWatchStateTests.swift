import Testing

@testable import MartletClient

@Suite struct ControllerWatchStateTests {
  private typealias Action = ControllerWatchState.Action
  private let start = ContinuousClock.now

  private func state(timeout: Duration? = .seconds(30), hasFile: Bool = false) -> ControllerWatchState {
    ControllerWatchState(timing: .init(timeout: timeout, hasFile: hasFile), instance: "a", now: start)
  }

  private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  /// Lets time pass in steps, as a driver does, and returns what the state asks for.
  private func run(
    _ state: inout ControllerWatchState, from: Double, to end: Double, isWaiting: Bool = true
  ) -> [Action] {
    var actions: [Action] = []
    var now = at(from)
    while let next = state.nextTick(after: now, isWaiting: isWaiting), next <= at(end) {
      // A tick that comes at once would never let time pass.
      now = max(next, now + .milliseconds(1))
      actions += state.tick(at: now, isWaiting: isWaiting)
    }
    return actions
  }

  /// Connects all sockets but the one to the hub.
  private func connect(_ state: inout ControllerWatchState, at time: ContinuousClock.Instant) {
    for channel in RequestChannel.allCases where channel != .query {
      #expect(state.connected(channel, at: time) == [])
    }
  }

  @Test func anIdleClientAsksNothing() {
    var state = state()
    #expect(state.nextTick(after: at(0), isWaiting: false) == nil)
    #expect(state.tick(at: at(100), isWaiting: false) == [])
  }

  @Test func aWaitingClientAsksWhenItHearsNothing() {
    var state = state()
    #expect(state.nextTick(after: at(0), isWaiting: true) == at(3))
    #expect(state.tick(at: at(2), isWaiting: true) == [])
    state.heard(at: at(2))
    #expect(state.tick(at: at(3), isWaiting: true) == [])
    #expect(state.tick(at: at(5), isWaiting: true) == [.ping(1)])
    #expect(state.answered(1, instance: "a", at: at(5.1)) == [])
    #expect(state.phase == .present)
    state.waitBegan(at: at(100))
    #expect(state.nextTick(after: at(100), isWaiting: true) == at(103))
  }

  @Test func aSilentControllerIsLostAfterTheTimeLimit() {
    var state = state()
    #expect(state.tick(at: at(3), isWaiting: true) == [.ping(1)])
    let actions = run(&state, from: 3, to: 32.9)
    #expect(!actions.contains(.giveUp))
    // The question is repeated, in case it was lost.
    #expect(actions.contains(.ping(2)))
    #expect(run(&state, from: 32.9, to: 33.1).last == .giveUp)
    #expect(state.phase == .lost)
    state.reopened(at: at(34))
    #expect(state.nextTick(after: at(40), isWaiting: true) == nil)
    // Connected but silent, it is asked again now and then.
    let pings = state.connected(.query, at: at(40))
    #expect(pings.count == 1)
    #expect(state.nextTick(after: at(40), isWaiting: true) == at(70))
    #expect(state.tick(at: at(70), isWaiting: true).count == 2)
  }

  @Test func anyMessageIsASignOfLife() {
    var state = state()
    _ = state.tick(at: at(3), isWaiting: true)
    state.heard(at: at(20))
    #expect(state.phase == .present)
    #expect(run(&state, from: 20, to: 50).contains(.giveUp) == false)
  }

  @Test func aBrokenConnectionStartsTheTimeLimitAtOnceThoughNothingIsOutstanding() {
    var state = state()
    #expect(state.connectionBroke(.query, at: at(10)) == [])
    #expect(state.phase == .missing(since: at(10)))
    // What was read later but sent before isn't a sign of life.
    state.heard(at: at(11))
    #expect(state.phase == .missing(since: at(10)))
    let actions = run(&state, from: 10, to: 41, isWaiting: false)
    // Questions would only pile up in front of a connection that is not there.
    #expect(actions.allSatisfy { $0 == .readFile || $0 == .giveUp })
    #expect(actions.last == .giveUp)
  }

  @Test(arguments: ["a", "b"])
  func aControllerThatReturnsIsAsked(_ instance: String) {
    var state = state()
    _ = state.connectionBroke(.query, at: at(1))
    #expect(state.connected(.query, at: at(2)) == [.ping(1)])
    #expect(state.answered(1, instance: instance, at: at(2.1)) == [.resume(isRestarted: instance != "a")])
    #expect(state.phase == .present)
    #expect(state.connected(.query, at: at(3)) == [])
  }

  @Test func anotherBrokenConnectionIsEnough() {
    var state = state()
    #expect(state.connectionBroke(nil, at: at(1)) == [.ping(1)])
    #expect(state.answered(1, instance: "a", at: at(1)) == [.resume(isRestarted: false)])
  }

  /// What the hub tells while nobody listens is lost.
  @Test func asksForTheEnginesWhenNewsMayHaveBeenMissed() {
    var state = state()
    #expect(state.receiverConnected(at: at(0)) == [])
    #expect(state.connectionBroke(nil, at: at(1)) == [.ping(1)])
    #expect(state.receiverConnected(at: at(2)) == [.ping(2)])
    // The first answer may be older than what was missed.
    #expect(state.answered(1, instance: "a", at: at(2)) == [.resume(isRestarted: false)])
    #expect(state.answered(2, instance: "a", at: at(3)) == [.renewEngines])
    #expect(state.phase == .present)
    _ = state.connectionBroke(nil, at: at(4))
    _ = state.connectionBroke(.query, at: at(4))
    #expect(state.receiverConnected(at: at(5)) == [])
    #expect(state.connected(.query, at: at(6)) == [.ping(4)])
    #expect(state.answered(4, instance: "a", at: at(6)) == [.resume(isRestarted: false)])
    #expect(state.connected(.query, at: at(7)) == [])
  }

  /// Requests may wait in a socket without a connection: the hub doesn't know them yet.
  @Test func goesOnOnlyWhenAllConnectionsStand() {
    var state = state()
    _ = state.connectionBroke(.query, at: at(1))
    #expect(state.connectionBroke(.task, at: at(1)) == [])
    #expect(state.connected(.query, at: at(2)) == [.ping(1)])
    #expect(state.answered(1, instance: "a", at: at(2)) == [])
    #expect(state.phase == .missing(since: at(1)))
    #expect(state.breaks == 2)
    #expect(state.connected(.task, at: at(4)) == [.ping(2)])
    #expect(state.answered(2, instance: "a", at: at(4)) == [.resume(isRestarted: false)])
  }

  /// A client that was stopped learns late, but of each connection in order, what has happened to it meanwhile.
  @Test(arguments: [true, false])
  func aConnectionThatStoodAndBrokeAgainDoesNotStand(hubComesFirst: Bool) {
    var state = state()
    for channel in [RequestChannel.query, .task] { _ = state.connectionBroke(channel, at: at(1)) }
    // It was stopped from here on.
    let later = at(20)
    if hubComesFirst { #expect(state.connected(.query, at: later) == [.ping(1)]) }
    _ = state.connected(.task, at: later)
    _ = state.connectionBroke(.task, at: later)
    if !hubComesFirst { _ = state.connected(.query, at: later) }
    for number in 1...3 { #expect(state.answered(number, instance: "b", at: later) == []) }
    let next = hubComesFirst ? 4 : 2
    #expect(state.connected(.task, at: at(30)) == [.ping(next)])
    #expect(state.answered(next, instance: "b", at: at(30)) == [.resume(isRestarted: true)])
  }

  @Test func newConnectionsStandOnlyWhenAllDo() {
    var state = state()
    state.replaced(at: at(1))
    connect(&state, at: at(2))
    #expect(state.connected(.query, at: at(2)) == [.ping(1)])
    #expect(state.answered(1, instance: "b", at: at(3)) == [.resume(isRestarted: true)])
  }

  @Test func answersFromBeforeTheBreakDoNotCount() {
    var state = state()
    _ = state.tick(at: at(3), isWaiting: true)
    _ = state.connectionBroke(.query, at: at(4))
    #expect(state.answered(1, instance: "a", at: at(4)) == [])
    #expect(state.phase == .missing(since: at(4)) || state.phase == .missing(since: at(3)))
    #expect(state.connected(.query, at: at(5)) == [.ping(2)])
    #expect(state.answered(2, instance: "a", at: at(5)) == [.resume(isRestarted: false)])
  }

  @Test func aControllerWithoutANameIsTheSame() {
    var state = ControllerWatchState(timing: .init(), instance: nil, now: start)
    #expect(state.connectionBroke(nil, at: at(1)) == [.ping(1)])
    #expect(state.answered(1, instance: nil, at: at(1)) == [.resume(isRestarted: false)])
  }

  @Test func aLostControllerMayReturn() {
    var state = state()
    _ = state.connectionBroke(.query, at: at(0))
    #expect(run(&state, from: 0, to: 31).last == .giveUp)
    state.reopened(at: at(31))
    #expect(state.phase == .lost)
    connect(&state, at: at(500))
    #expect(state.connected(.query, at: at(500)) == [.ping(1)])
    #expect(state.answered(1, instance: "b", at: at(500)) == [.resume(isRestarted: true)])
    #expect(state.phase == .present)
  }

  @Test func looksForAnotherControllerWhileItsOwnIsMissing() {
    var state = state(hasFile: true)
    _ = state.connectionBroke(.query, at: at(0))
    #expect(run(&state, from: 0, to: 5.5).filter { $0 == .readFile }.count == 5)
    _ = run(&state, from: 5.5, to: 31)
    #expect(run(&state, from: 31, to: 41).filter { $0 == .readFile }.count >= 9)
    state.replaced(at: at(41))
    #expect(state.phase == .missing(since: at(41)))
    connect(&state, at: at(42))
    #expect(state.connected(.query, at: at(42)) == [.ping(1)])
    #expect(state.answered(1, instance: "a", at: at(42)) == [.resume(isRestarted: true)])
  }

  @Test func withoutALimitItWaitsForEver() {
    var state = state(timeout: nil)
    _ = state.connectionBroke(.query, at: at(0))
    #expect(run(&state, from: 0, to: 10_000).contains(.giveUp) == false)
  }

  @Test func timeInWhichTheClientItselfWasStoppedDoesNotCount() {
    var state = state()
    _ = state.tick(at: at(3), isWaiting: true)
    _ = state.nextTick(after: at(3), isWaiting: true)
    #expect(state.tick(at: at(300), isWaiting: true).contains(.giveUp) == false)
    _ = state.nextTick(after: at(300), isWaiting: true)
    #expect(state.answered(1, instance: "a", at: at(300)) == [])
    #expect(state.phase == .present)
  }

  /// What came meanwhile is handled in any order when the client goes on.
  @Test func anEventBeforeTheTickShowsTheClientsOwnStandstillToo() {
    let events: [(inout ControllerWatchState, ContinuousClock.Instant) -> Void] = [
      { $0.waitBegan(at: $1) }, { $0.heard(at: $1) }, { _ = $0.connected(.query, at: $1) },
      { _ = $0.connectionBroke(nil, at: $1) }, { _ = $0.nextTick(after: $1, isWaiting: true) },
    ]
    for event in events {
      var state = state()
      _ = state.connectionBroke(.query, at: at(0))
      _ = state.nextTick(after: at(0), isWaiting: true)
      event(&state, at(300))
      let actions = run(&state, from: 300, to: 328)
      #expect(!actions.isEmpty && !actions.contains(.giveUp))
      #expect(run(&state, from: 328, to: 332).contains(.giveUp))
    }
  }
}

import Testing

@testable import MartletEngine

@Suite struct ControllerPresenceStateTests {
  private typealias Action = ControllerPresenceState.Action
  private let start = ContinuousClock.now

  private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  /// Lets time pass in steps, as a driver does, and returns what the state asks for.
  private func run(_ state: inout ControllerPresenceState, from: Double, to end: Double) -> [Action] {
    var actions: [Action] = []
    var now = at(from)
    while !actions.contains(.lose), let next = state.nextTick(after: now), next <= at(end) {
      now = max(next, now + .milliseconds(1))
      actions += state.tick(at: now)
    }
    return actions
  }

  @Test func aRegisteredEngineWaitsForNothing() {
    var state = ControllerPresenceState(policy: .reconnect, limit: .seconds(60))
    #expect(state.nextTick(after: start) == nil)
    #expect(state.connected(at: start) == [])
  }

  @Test func registersWhenTheConnectionIsBack() {
    var state = ControllerPresenceState(policy: .reconnect, limit: .seconds(60))
    #expect(state.connectionBroke(at: at(0)) == [])
    #expect(state.missingSince == at(0))
    // A registration would only wait for the connection.
    let meanwhile = run(&state, from: 0, to: 30)
    #expect(meanwhile.allSatisfy { $0 == .readFile })
    #expect(state.pingsResumed(at: at(30)) == [])
    #expect(state.connected(at: at(31)) == [.register])
    state.registered()
    #expect(state.missingSince == nil)
    #expect(state.nextTick(after: at(31)) == nil)
  }

  @Test func leavesAfterTheTimeLimit() {
    var state = ControllerPresenceState(policy: .reconnect, limit: .seconds(60))
    _ = state.connectionBroke(at: at(0))
    #expect(run(&state, from: 0, to: 59.9).contains(.lose) == false)
    #expect(run(&state, from: 59.9, to: 60.1).last == .lose)
  }

  @Test func withoutALimitItWaitsForEver() {
    var state = ControllerPresenceState(policy: .reconnect, limit: nil)
    _ = state.connectionBroke(at: at(0))
    #expect(run(&state, from: 0, to: 10_000).contains(.lose) == false)
  }

  @Test(arguments: [ControllerLossPolicy.finish, .stop])
  func otherPoliciesGiveTheNetworkAMomentToMend(_ policy: ControllerLossPolicy) {
    var state = ControllerPresenceState(policy: policy, limit: .seconds(60))
    _ = state.connectionBroke(at: at(0))
    #expect(state.connected(at: at(1)) == [.register])
    state.registered()
    _ = state.connectionBroke(at: at(10))
    #expect(run(&state, from: 10, to: 14.9).contains(.lose) == false)
    #expect(run(&state, from: 14.9, to: 15.1).last == .lose)
    var other = ControllerPresenceState(policy: policy, limit: .seconds(60))
    #expect(other.pingsStopped(at: at(0)) == [.lose])
  }

  @Test func registersWhenPingsResume() {
    var state = ControllerPresenceState(policy: .reconnect, limit: .seconds(60))
    #expect(state.pingsStopped(at: at(0)) == [])
    #expect(state.missingSince == at(0))
    #expect(state.pingsResumed(at: at(1)) == [.register])
    state.registered()
    // An engine that was stopped itself has missed pings, too.
    #expect(state.pingsResumed(at: at(40)) == [.register])
  }

  @Test func registersOnceWhenTheHubAsksWithEachPing() {
    var state = ControllerPresenceState(policy: .reconnect, limit: .seconds(60))
    #expect(state.asked(at: at(0)) == [.register])
    #expect(state.asked(at: at(0.1)) == [])
    state.registered()
    #expect(state.asked(at: at(1)) == [.register])
  }

  @Test func anUnansweredRegistrationIsRepeatedWithGrowingPauses() {
    var state = ControllerPresenceState(policy: .reconnect, limit: .seconds(1000))
    #expect(state.asked(at: at(0)) == [.register])
    #expect(run(&state, from: 0, to: 0.9) == [])
    #expect(run(&state, from: 0.9, to: 1.1) == [.register])
    #expect(run(&state, from: 1.1, to: 2.9) == [])
    #expect(run(&state, from: 2.9, to: 3.2) == [.register])
  }

  @Test func aRefusedRegistrationIsRepeatedForAWhile() {
    var state = ControllerPresenceState(policy: .reconnect, limit: .seconds(60))
    #expect(state.asked(at: at(0)) == [.register])
    var now = 0.0
    var count = 1
    while true {
      state.refused(at: at(now))
      // The controller is there, whatever it says.
      #expect(state.missingSince == nil)
      guard let next = state.nextTick(after: at(now)) else { break }
      now = (next - start) / .seconds(1)
      #expect(state.tick(at: next) == [.register])
      count += 1
    }
    #expect(count == ControllerPresenceState.attemptLimit)
    // Long enough for a hub that gives the engine up after ten heartbeats.
    #expect(now >= 30)
  }

  @Test func timeInWhichTheEngineItselfWasStoppedDoesNotCount() {
    var state = ControllerPresenceState(policy: .reconnect, limit: .seconds(60))
    _ = state.connectionBroke(at: at(0))
    _ = state.nextTick(after: at(0))
    #expect(state.tick(at: at(500)).contains(.lose) == false)
    #expect(run(&state, from: 500, to: 550).contains(.lose) == false)
    #expect(run(&state, from: 550, to: 561).last == .lose)
  }

  /// What came meanwhile is handled in any order when the engine goes on.
  @Test func anEventBeforeTheTickShowsTheEnginesOwnStandstillToo() {
    let events: [(inout ControllerPresenceState, ContinuousClock.Instant) -> Void] = [
      { _ = $0.connectionBroke(at: $1) }, { _ = $0.connected(at: $1) }, { _ = $0.nextTick(after: $1) },
    ]
    for event in events {
      var state = ControllerPresenceState(policy: .reconnect, limit: .seconds(60))
      _ = state.connectionBroke(at: at(0))
      _ = state.nextTick(after: at(0))
      event(&state, at(500))
      #expect(run(&state, from: 500, to: 550).contains(.lose) == false)
      #expect(run(&state, from: 550, to: 561).last == .lose)
    }
  }

  @Test func anotherConnectionIsWaitedFor() {
    var state = ControllerPresenceState(policy: .reconnect, limit: .seconds(60))
    _ = state.pingsStopped(at: at(0))
    state.moved(at: at(1))
    #expect(state.pingsResumed(at: at(1)) == [])
    #expect(state.connected(at: at(2)) == [.register])
  }
}

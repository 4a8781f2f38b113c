import Testing

@testable import Controller

/// Pings, pongs and hearts that come and go.
@Suite struct HeartMonitorTests {
  let start = ContinuousClock.now
  let heart = EngineIdentity("heart")

  @Test func aHeartIsNewThenKnownThenStopped() {
    var state = HeartMonitorState(period: .seconds(3), maxMisses: 2, start: start)
    #expect(state.advance(to: start + .seconds(2)) == nil)
    let first = state.advance(to: start + .seconds(3))
    #expect(first == .init(ping: "3.0", newHearts: [], stoppedHearts: []))
    #expect(state.pong(from: heart, "3.0", now: start + .seconds(4)) == .onTime(.seconds(1)))
    #expect(state.advance(to: start + .seconds(6))?.newHearts == [heart])
    #expect(state.misses == [heart: 0])
    #expect(state.advance(to: start + .seconds(9))?.stoppedHearts == [])
    #expect(state.advance(to: start + .seconds(12))?.stoppedHearts == [])
    #expect(state.misses == [heart: 2])
    #expect(state.advance(to: start + .seconds(15))?.stoppedHearts == [heart])
    #expect(state.misses.isEmpty)
    #expect(state.pong(from: heart, "12.0", now: start + .seconds(16)) == .late(.seconds(4)))
    #expect(state.advance(to: start + .seconds(18))?.newHearts == [heart])
  }

  @Test func aBeatClearsTheMisses() {
    var state = HeartMonitorState(period: .seconds(1), maxMisses: 10, start: start)
    #expect(state.pong(from: heart, "0.0", now: start) == .onTime(.zero))
    for second in 1...5 { _ = state.advance(to: start + .seconds(second)) }
    #expect(state.misses == [heart: 4])
    #expect(state.pong(from: heart, "5.0", now: start + .seconds(5)) == .onTime(.zero))
    _ = state.advance(to: start + .seconds(6))
    #expect(state.misses == [heart: 0])
  }

  @Test func oldAndForeignPongsDoNotCount() {
    var state = HeartMonitorState(period: .seconds(1), start: start)
    for second in 1...3 { _ = state.advance(to: start + .seconds(second)) }
    #expect(state.pong(from: heart, "1.0", now: start + .seconds(3)) == .stale)
    #expect(state.pong(from: heart, "nonsense", now: start + .seconds(3)) == .stale)
    #expect(state.advance(to: start + .seconds(4))?.newHearts == [])
  }

  @Test func aForgottenHeartIsNotReported() {
    var state = HeartMonitorState(period: .seconds(1), maxMisses: 0, start: start)
    _ = state.pong(from: heart, "0.0", now: start)
    _ = state.advance(to: start + .seconds(1))
    state.forget(heart)
    #expect(state.advance(to: start + .seconds(2))?.stoppedHearts == [])
  }

  @Test func periodsSleptThroughCountAsOne() {
    var state = HeartMonitorState(period: .seconds(1), start: start)
    #expect(state.advance(to: start + .milliseconds(10_500))?.ping == "10.5")
    #expect(state.nextDeadline == start + .seconds(11))
  }
}

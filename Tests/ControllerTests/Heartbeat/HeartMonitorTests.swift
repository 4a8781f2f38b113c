import Testing

@testable import MartletController

/// Pings, pongs, and hearts that start and stop.
@Suite struct HeartMonitorTests {
  let start = Instant.now
  let heart = EngineIdentity("heart")

  @Test func aHeartIsNewThenKnownThenStopped() {
    var state = HeartMonitorState(period: .seconds(3), maxMisses: 2, start: start)
    #expect(state.advance(to: start + .seconds(2)) == nil)
    #expect(state.advance(to: start + .seconds(3)) == .init(ping: "3.0", stoppedHearts: []))
    #expect(state.pong(from: heart, "3.0", now: start + .seconds(4)) == .first)
    #expect(state.misses == [heart: 0])
    #expect(state.pong(from: heart, "3.0", now: start + .seconds(5)) == .onTime(.seconds(2)))
    _ = state.advance(to: start + .seconds(6))
    #expect(state.misses == [heart: 0])
    #expect(state.advance(to: start + .seconds(9))?.stoppedHearts == [])
    #expect(state.advance(to: start + .seconds(12))?.stoppedHearts == [])
    #expect(state.misses == [heart: 2])
    #expect(state.advance(to: start + .seconds(15))?.stoppedHearts == [heart])
    #expect(state.misses.isEmpty)
    #expect(state.pong(from: heart, "12.0", now: start + .seconds(16)) == .first)
  }

  @Test func aBeatClearsTheMisses() {
    var state = HeartMonitorState(period: .seconds(1), maxMisses: 10, start: start)
    #expect(state.pong(from: heart, "0.0", now: start) == .first)
    for second in 1...5 { _ = state.advance(to: start + .seconds(second)) }
    #expect(state.misses == [heart: 4])
    #expect(state.pong(from: heart, "4.0", now: start + .milliseconds(5_500)) == .late(.milliseconds(1_500)))
    _ = state.advance(to: start + .seconds(6))
    #expect(state.misses == [heart: 0])
  }

  @Test func oldAndForeignPongsDoNotCount() {
    var state = HeartMonitorState(period: .seconds(1), start: start)
    for second in 1...3 { _ = state.advance(to: start + .seconds(second)) }
    #expect(state.pong(from: heart, "1.0", now: start + .seconds(3)) == .stale)
    #expect(state.pong(from: heart, "nonsense", now: start + .seconds(3)) == .stale)
    #expect(state.pong(from: heart, "", now: start + .seconds(3)) == .stale)
    #expect(state.misses.isEmpty)
  }

  @Test func aForgottenHeartIsNotReportedAndNewAgain() {
    var state = HeartMonitorState(period: .seconds(1), maxMisses: 0, start: start)
    _ = state.pong(from: heart, "0.0", now: start)
    _ = state.advance(to: start + .seconds(1))
    state.forget(heart)
    #expect(state.advance(to: start + .seconds(2))?.stoppedHearts == [])
    #expect(state.pong(from: heart, state.currentPing, now: start + .seconds(2)) == .first)
  }

  @Test func aWatchedHeartNeedNotBeatToBeMissed() {
    var state = HeartMonitorState(period: .seconds(1), maxMisses: 1, start: start)
    state.watch(heart)
    #expect(state.advance(to: start + .seconds(1))?.stoppedHearts == [])
    state.watch(heart)
    #expect(state.misses == [heart: 1])
    #expect(state.advance(to: start + .seconds(2))?.stoppedHearts == [heart])
    state.watch(heart)
    #expect(state.pong(from: heart, state.currentPing, now: start + .seconds(2)) == .onTime(.zero))
  }

  @Test func aHeartWhoseConnectionBrokeHasTimeToBeatAgain() {
    var state = HeartMonitorState(period: .seconds(3), start: start)
    let other = EngineIdentity("other")
    for heart in [heart, other] { _ = state.pong(from: heart, "0.0", now: start) }
    #expect(!state.hasSilentHearts)
    state.disconnected(heart, now: start)
    state.disconnected(other, now: start + .seconds(1))
    state.disconnected(EngineIdentity("unknown"), now: start)
    #expect(state.hasSilentHearts)
    for time in [500, 1000, 1500, 1999] { #expect(state.endSilent(now: start + .milliseconds(time)).isEmpty) }
    #expect(state.pong(from: other, "0.0", now: start + .milliseconds(1999)) == .onTime(.milliseconds(1999)))
    #expect(state.endSilent(now: start + .seconds(2)) == [heart])
    #expect(!state.hasSilentHearts)
    #expect(state.endSilent(now: start + .seconds(10)).isEmpty)
    #expect(state.misses.keys.sorted { $0.rawValue < $1.rawValue } == [other])
  }

  /// A second break starts the time anew, and a connection that broke and came back is as good as any.
  @Test func eachBreakGivesTheWholeTime() {
    var state = HeartMonitorState(period: .seconds(3), start: start)
    _ = state.pong(from: heart, "0.0", now: start)
    state.disconnected(heart, now: start)
    _ = state.pong(from: heart, "0.0", now: start + .seconds(1))
    state.disconnected(heart, now: start + .milliseconds(1900))
    for time in [2000, 2800, 3600] { #expect(state.endSilent(now: start + .milliseconds(time)).isEmpty) }
    #expect(state.endSilent(now: start + .milliseconds(3900)) == [heart])
  }

  /// A controller that was stopped, or on a machine that slept, doesn't lose the engines that could not reach it.
  @Test func theMonitorsOwnStandstillDoesNotCount() {
    var state = HeartMonitorState(period: .seconds(1), start: start)
    _ = state.pong(from: heart, "0.0", now: start)
    state.disconnected(heart, now: start)
    #expect(state.endSilent(now: start + .milliseconds(400)).isEmpty)
    #expect(state.endSilent(now: start + .seconds(60)).isEmpty)
    #expect(state.endSilent(now: start + .milliseconds(60_800)).isEmpty)
    #expect(state.endSilent(now: start + .milliseconds(61_600)) == [heart])
    // Nor does the time in which no heart was silent matter for the next one.
    _ = state.pong(from: heart, "0.0", now: start + .seconds(62))
    state.disconnected(heart, now: start + .seconds(100))
    #expect(state.endSilent(now: start + .milliseconds(100_800)).isEmpty)
    #expect(state.endSilent(now: start + .milliseconds(101_600)).isEmpty)
    #expect(state.endSilent(now: start + .seconds(102)) == [heart])
  }

  @Test func aStrangerIsReportedOncePerPeriodWhileItBeats() {
    var state = HeartMonitorState(period: .seconds(1), start: start)
    #expect(state.pong(from: heart, "0.0", now: start) == .first)
    state.estrange(heart)
    #expect(state.pong(from: heart, "0.0", now: start) == .stale)
    let ping = state.advance(to: start + .seconds(1))?.ping ?? ""
    #expect(state.pong(from: heart, ping, now: start + .seconds(1)) == .stranger)
    #expect(state.pong(from: heart, ping, now: start + .seconds(1)) == .stale)
    state.disconnected(heart, now: start + .seconds(1))
    #expect(!state.hasSilentHearts && state.misses.isEmpty)
    // After a period of silence it is as new as any.
    for second in 2...3 { #expect(state.advance(to: start + .seconds(second))?.stoppedHearts == []) }
    #expect(state.pong(from: heart, state.currentPing, now: start + .seconds(3)) == .first)
  }

  @Test func aStrangerThatRegistersBeatsForTheFirstTime() {
    var state = HeartMonitorState(period: .seconds(1), start: start)
    _ = state.pong(from: heart, "0.0", now: start)
    state.estrange(heart)
    state.forget(heart)
    #expect(state.pong(from: heart, "0.0", now: start) == .first)
    state.estrange(heart)
    state.watch(heart)
    #expect(state.pong(from: heart, "0.0", now: start) == .onTime(.zero))
  }

  /// Anybody may beat under any name.
  @Test func strangersTakeLimitedMemory() {
    var state = HeartMonitorState(period: .seconds(1), start: start)
    for number in 0..<5000 {
      let heart = EngineIdentity("fake \(number)")
      _ = state.pong(from: heart, "0.0", now: start)
      state.estrange(heart)
    }
    #expect(state.misses.isEmpty)
    #expect(state.pong(from: EngineIdentity("fake 4999"), "0.0", now: start) == .first)
    #expect(state.pong(from: EngineIdentity("fake 0"), "0.0", now: start) == .stale)
  }

  @Test func periodsSleptThroughCountAsOne() {
    var state = HeartMonitorState(period: .seconds(1), start: start)
    #expect(state.advance(to: start + .milliseconds(10_500))?.ping == "10.5")
    #expect(state.nextDeadline == start + .seconds(11))
  }

  @Test func aPeriodOfNothingIsAMillisecond() {
    let state = HeartMonitorState(period: .zero, start: start)
    #expect(state.period == .milliseconds(1))
  }
}

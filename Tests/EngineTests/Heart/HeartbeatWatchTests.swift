import Testing

@testable import MartletEngine

@Suite struct HeartbeatWatchTests {
  private let start = ContinuousClock.now

  @Test func waitsForAllAllowedMisses() {
    let watch = HeartbeatWatch(period: .seconds(3), misses: 10, now: start)
    #expect(watch.check(at: start) == .alive(until: start + .seconds(30)))
    #expect(watch.check(at: start + .seconds(29)) == .alive(until: start + .seconds(30)))
    #expect(watch.check(at: start + .seconds(30)) == .lost)
  }

  @Test func aPingRestartsTheWait() {
    var watch = HeartbeatWatch(period: .seconds(3), misses: 2, now: start)
    watch.ping(at: start + .seconds(5))
    #expect(watch.check(at: start + .seconds(7)) == .alive(until: start + .seconds(11)))
    #expect(watch.check(at: start + .seconds(11)) == .lost)
  }

  @Test func noticesAGapInWhichTheHubMayHaveGivenTheEngineUp() {
    var watch = HeartbeatWatch(period: .seconds(3), misses: 0, now: start)
    #expect(watch.ping(at: start + .seconds(14)) == false)
    #expect(watch.ping(at: start + .seconds(29)) == true)
    #expect(watch.ping(at: start + .seconds(30)) == false)
    #expect(watch.check(at: start + .seconds(1_000_000)) != .lost)
  }

  @Test func extremeSettingsDoNotOverflow() {
    for (period, misses) in [(Duration.seconds(1_000_000), Int.max), (.seconds(Int64.max), 1), (.seconds(1), .max)] {
      let watch = HeartbeatWatch(period: period, misses: misses, now: start)
      #expect(watch.check(at: start) == .alive(until: start + HeartbeatWatch.longestPatience))
    }
  }
}

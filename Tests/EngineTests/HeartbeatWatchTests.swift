import Testing

@testable import MartletEngine

@Suite struct HeartbeatWatchTests {
  private let start = ContinuousClock.now

  @Test func waitsForAllMisses() {
    let watch = HeartbeatWatch(period: .seconds(3), misses: 10, now: start)
    #expect(watch.check(at: start) == .alive(until: start + .seconds(30)))
    #expect(watch.check(at: start + .seconds(29)) == .alive(until: start + .seconds(30)))
    #expect(watch.check(at: start + .seconds(30)) == .lost)
  }

  @Test func aPingBeginsTheWaitAnew() {
    var watch = HeartbeatWatch(period: .seconds(3), misses: 2, now: start)
    watch.ping(at: start + .seconds(5))
    #expect(watch.check(at: start + .seconds(7)) == .alive(until: start + .seconds(11)))
    #expect(watch.check(at: start + .seconds(11)) == .lost)
  }
}

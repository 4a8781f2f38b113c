import Testing

@testable import MartletEngine

@Suite struct ExecutionLimitTests {
  private let start = ContinuousClock.now

  private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

  @Test func expiresAtItsEnd() {
    var limit = ExecutionLimit<String>()
    #expect(limit.begin("a", limit: .seconds(5), now: at(0)) == at(5))
    let (expired, next) = limit.alarmCame(now: at(5))
    #expect(expired == "a" && next == nil)
    #expect(limit.begin("b", limit: .seconds(5), now: at(6)) == at(11))
  }

  @Test func oneAlarmServesManyRequests() {
    var limit = ExecutionLimit<String>()
    #expect(limit.begin("a", limit: .seconds(5), now: at(0)) == at(5))
    limit.end()
    #expect(limit.begin("b", limit: .seconds(5), now: at(1)) == nil)
    limit.end()
    #expect(limit.begin("c", limit: .seconds(5), now: at(3)) == nil)
    var (expired, next) = limit.alarmCame(now: at(5))
    #expect(expired == nil && next == at(8))
    (expired, next) = limit.alarmCame(now: at(8))
    #expect(expired == "c" && next == nil)
  }

  @Test func nothingIsDueWhenNothingRuns() {
    var limit = ExecutionLimit<String>()
    #expect(limit.begin("a", limit: .seconds(5), now: at(0)) == at(5))
    limit.end()
    let (expired, next) = limit.alarmCame(now: at(5))
    #expect(expired == nil && next == nil)
  }

  @Test func aShorterLimitGetsAnAlarmOfItsOwn() {
    var limit = ExecutionLimit<String>()
    #expect(limit.begin("long", limit: .seconds(60), now: at(0)) == at(60))
    limit.end()
    #expect(limit.begin("short", limit: .seconds(1), now: at(1)) == at(2))
    var (expired, next) = limit.alarmCame(now: at(2))
    #expect(expired == "short" && next == nil)
    #expect(limit.begin("other", limit: .seconds(80), now: at(3)) == at(83))
    // The alarm for the first request finds nothing to do.
    (expired, next) = limit.alarmCame(now: at(60))
    #expect(expired == nil && next == nil)
    (expired, next) = limit.alarmCame(now: at(83))
    #expect(expired == "other" && next == nil)
  }
}

import Testing

@testable import MartletWire

@Suite struct LogThrottleTests {
  private let start = ContinuousClock.now

  @Test func writesABurstAndThenOneLineAnInterval() {
    var throttle = LogThrottle()
    for count in 1...LogThrottle.burst {
      #expect(throttle.note(at: start) == .init(count: count, suppressed: 0))
    }
    for _ in 0..<5 { #expect(throttle.note(at: start + .seconds(1)) == nil) }
    #expect(throttle.note(at: start + LogThrottle.interval) == .init(count: 16, suppressed: 5))
    #expect(throttle.note(at: start + LogThrottle.interval) == nil)
  }

  @Test func aQuietTimeRestoresTheBurst() {
    var throttle = LogThrottle()
    for _ in 0..<100 { _ = throttle.note(at: start) }
    let later = start + LogThrottle.interval * LogThrottle.burst
    let lines = (0..<100).compactMap { _ in throttle.note(at: later) }
    #expect(lines.count == LogThrottle.burst)
    #expect(lines.first?.suppressed == 90)
  }

  @Test func flushSumsUpWhatWasLeftOut() {
    var throttle = LogThrottle()
    #expect(throttle.flush() == nil)
    for _ in 0..<25 { _ = throttle.note(at: start) }
    #expect(throttle.flush() == .init(count: 25, suppressed: 15))
    #expect(throttle.flush() == nil)
  }

  @Test func aClockThatGoesBackIsHarmless() {
    var throttle = LogThrottle()
    for seconds in [1000, 0, 1000, -1000] { _ = throttle.note(at: start + .seconds(seconds)) }
    #expect(throttle.count == 4)
  }

  @Test func textsOfPeersAreAbbreviatedAndStayOnOneLine() {
    #expect(LogThrottle.Line.abbreviated("a\nb\u{1B}[0m") == "a b [0m")
    let limit = LogThrottle.Line.textLimit
    #expect(LogThrottle.Line.abbreviated(String(repeating: "x", count: limit)).count == limit)
    #expect(LogThrottle.Line.abbreviated(String(repeating: "x", count: 10_000_000)).count == limit + 1)
  }
}

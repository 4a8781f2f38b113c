import Testing

@testable import MartletController

@Suite struct EnginePaceTests {
  private let start = Instant.now

  /// The pace after consecutive tasks of these durations in microseconds, with one more pending.
  private func pace(_ times: [Int]) -> (pace: EnginePace, now: Instant) {
    var pace = EnginePace()
    var now = start
    pace.started(now: now)
    for time in times {
      now += .microseconds(time)
      pace.finished(hasMore: true, now: now)
    }
    return (pace, now)
  }

  private static let quick = [50, 50, 50, 50, 50, 50]

  private static let cases: [(times: [Int], depth: Int)] = [
    ([], 1), ([50], 2), ([50, 50], 4), ([50, 50, 50], 8), ([2000], 2), ([2001], 1), ([2000, 1000], 4),
    ([2000, 1001], 2), ([2000, 2001], 1), ([4001, 50, 50], 4),
  ]
  private static let casesAfterQuickOnes: [(times: [Int], depth: Int)] = [
    ([], 64), ([50], 64), ([62], 64), ([63], 32), ([4000], 32), ([4001], 1), ([3_600_000_000], 1), ([4001, 50, 50], 4),
  ]

  @Test(arguments: cases + casesAfterQuickOnes.map { (quick + $0.times, $0.depth) })
  func shorterTasksAllowMoreOfThem(times: [Int], depth: Int) {
    let (pace, now) = pace(times)
    #expect(pace.depth(now: now) == depth)
  }

  @Test func anEngineThatIsSilentOrIdleGetsOne() {
    var (pace, now) = pace(Self.quick)
    #expect(pace.depth(now: now + .milliseconds(5)) == 64)
    #expect(pace.depth(now: now + .milliseconds(6)) == 1)
    pace.finished(hasMore: false, now: now)
    #expect(pace.depth(now: now) == 1)
    // Idle time does not count as task time.
    pace.started(now: now + .seconds(1))
    pace.started(now: now + .seconds(2))
    #expect(pace.depth(now: now + .seconds(1)) == 64)
  }

  @Test func anEngineThatReturnsTasksStartsAnew() {
    var (pace, now) = pace(Self.quick)
    pace.returned(hasMore: true)
    #expect(pace.depth(now: now) == 1)
    pace.returned(hasMore: false)
    pace.finished(hasMore: false, now: now)
    #expect(pace.depth(now: now) == 1)
  }
}

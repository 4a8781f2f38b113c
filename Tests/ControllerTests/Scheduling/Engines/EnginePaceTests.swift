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

  /// Enough to have as many as there can be.
  private static let quick = Array(repeating: 25, count: 40)

  private static let cases: [(times: [Int], depth: Int)] = [
    ([], 1), ([50], 2), ([50, 50], 4), ([50, 50, 50], 8), ([2000], 2), ([2001], 1), ([2000, 1000], 4),
    ([2000, 1001], 2), ([2000, 2001], 1), ([4001, 50, 50], 4), (Array(repeating: 62, count: 17), 64),
    (Array(repeating: 63, count: 100), 32), (Array(repeating: 31, count: 33), 256),
    (Array(repeating: 32, count: 100), 64),
  ]
  private static let casesAfterQuickOnes: [(times: [Int], depth: Int)] = [
    ([], 256), ([500], 256), ([4000], 64), ([4001], 1), ([3_600_000_000], 1), ([4001, 50, 50], 4),
    (Array(repeating: 31, count: 1_000), 256), (Array(repeating: 32, count: 1_000), 64),
    (Array(repeating: 100, count: 1_000), 32), (Array(repeating: 300, count: 1_000), 8),
  ]

  @Test(arguments: cases + casesAfterQuickOnes.map { (quick + $0.times, $0.depth) })
  func shorterTasksAllowMoreOfThem(times: [Int], depth: Int) {
    let (pace, now) = pace(times)
    #expect(pace.depth(now: now) == depth)
  }

  /// Of a batch, the first reply seems to have taken all the time.
  @Test(arguments: [1, 2, 4, 8]) func repliesMayComeInBatches(size: Int) {
    for (time, depth) in [(30, 256), (60, 64), (100, 32)] {
      let batch = [time * size] + Array(repeating: 0, count: size - 1)
      let (pace, now) = pace(Self.quick + (0..<100).flatMap { _ in batch })
      #expect(pace.depth(now: now) == depth)
    }
  }

  @Test func anEngineThatIsSilentOrIdleGetsOne() {
    var (pace, now) = pace(Self.quick)
    #expect(pace.depth(now: now + .milliseconds(5)) == 256)
    #expect(pace.depth(now: now + .milliseconds(6)) == 1)
    pace.finished(hasMore: false, now: now)
    #expect(pace.depth(now: now) == 1)
    // Idle time does not count as task time.
    pace.started(now: now + .seconds(1))
    pace.started(now: now + .seconds(2))
    #expect(pace.depth(now: now + .seconds(1)) == 256)
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

import Testing

@testable import Controller

@Suite struct EnginePaceTests {
  private let start = ContinuousClock.now

  /// The pace after tasks that took so many microseconds each, one after the other, with another one under way.
  private func pace(_ times: [Int]) -> (pace: EnginePace, now: ContinuousClock.Instant) {
    var pace = EnginePace()
    var now = start
    pace.started(now: now)
    for time in times {
      now += .microseconds(time)
      pace.finished(hasMore: true, now: now)
    }
    return (pace, now)
  }

  @Test(arguments: [([], 1), ([10], 16), ([125], 16), ([126], 8), ([500], 4), ([1000], 2), ([1001], 1), ([900_000], 1)])
  func theShorterTheTasksTheMoreOfThem(times: [Int], depth: Int) {
    let (pace, now) = pace(times)
    #expect(pace.depth(now: now) == depth)
  }

  @Test func aLongTaskIsForgottenAfterSomeShortOnes() {
    let depths = (0...20).map { count in
      let (pace, now) = pace([50, 3_600_000_000] + Array(repeating: 50, count: count))
      return pace.depth(now: now)
    }
    #expect(depths.first == 1 && depths.last == 16 && depths == depths.sorted())
  }

  @Test func anEngineThatIsSilentOrIdleGetsOne() {
    var (pace, now) = pace([50, 50])
    #expect(pace.depth(now: now + .milliseconds(5)) == 16)
    #expect(pace.depth(now: now + .milliseconds(6)) == 1)
    pace.finished(hasMore: false, now: now)
    #expect(pace.depth(now: now) == 1)
    // The time without a task does not count as one's.
    pace.started(now: now + .seconds(1))
    pace.started(now: now + .seconds(2))
    #expect(pace.depth(now: now + .seconds(1)) == 16)
  }

  @Test func anEngineThatReturnsTasksStartsAnew() {
    var (pace, now) = pace([50, 50])
    pace.returned(hasMore: true)
    #expect(pace.depth(now: now) == 1)
    pace.returned(hasMore: false)
    pace.finished(hasMore: false, now: now)
    #expect(pace.depth(now: now) == 1)
  }
}

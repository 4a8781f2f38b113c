import Testing

@testable import MartletCluster

@Suite struct EngineRestartsTests {
  private var restarts = EngineRestarts<String>(
    policy: EngineRestartPolicy(
      firstDelay: .seconds(1), longestDelay: .seconds(5), steadyTime: .seconds(60), limit: 5))
  private let start = ContinuousClock.now

  private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

  private func counts(restarted: Int = 0, waiting: Int = 0, givenUp: Int = 0) -> EngineRestartCounts {
    EngineRestartCounts(restarted: restarted, waiting: waiting, givenUp: givenUp)
  }

  @Test mutating func runningEnginesAreNotCounted() {
    restarts.started("a", at: start)
    restarts.started("b", at: start)
    #expect(restarts.counts == counts())
  }

  @Test mutating func anEndedEngineWaitsAndStartsAgain() {
    restarts.started("a", at: start)
    #expect(restarts.ended("a", at: at(100)) == .restart(after: .seconds(1)))
    #expect(restarts.counts == counts(waiting: 1))
    restarts.started("a", at: at(101))
    #expect(restarts.counts == counts(restarted: 1))
  }

  @Test mutating func waitsGrowWhileItEndsQuickly() {
    restarts.started("a", at: start)
    var delays: [EngineRestarts<String>.Verdict] = []
    for second in 1...5 {
      delays.append(restarts.ended("a", at: at(2 * second)))
      restarts.started("a", at: at(2 * second + 1))
    }
    let seconds = [1, 2, 4, 5]
    #expect(delays == seconds.map { .restart(after: .seconds($0)) } + [.giveUp(ends: 5)])
  }

  @Test mutating func aSteadyRunForgivesEarlierEnds() {
    restarts.started("a", at: start)
    #expect(restarts.ended("a", at: at(1)) == .restart(after: .seconds(1)))
    restarts.started("a", at: at(2))
    #expect(restarts.ended("a", at: at(3)) == .restart(after: .seconds(2)))
    restarts.started("a", at: at(5))
    #expect(restarts.ended("a", at: at(64)) == .restart(after: .seconds(4)))
    restarts.started("a", at: at(70))
    #expect(restarts.ended("a", at: at(130)) == .restart(after: .seconds(1)))
  }

  @Test mutating func aPostponedStartIsNoEnd() {
    restarts.started("a", at: start)
    #expect(!restarts.isSteady("a", at: at(59)))
    #expect(restarts.isSteady("a", at: at(60)))
    restarts.postponed("a")
    #expect(!restarts.isSteady("a", at: at(60)))
    #expect(restarts.counts == counts(waiting: 1))
    restarts.started("a", at: at(100))
    #expect(restarts.ended("a", at: at(101)) == .restart(after: .seconds(1)))
  }

  @Test mutating func aStartThatFailsCountsAsAQuickEnd() {
    restarts.started("a", at: start)
    #expect(restarts.ended("a", at: at(100)) == .restart(after: .seconds(1)))
    #expect(restarts.ended("a", at: at(200)) == .restart(after: .seconds(2)))
    #expect(restarts.ended("never started", at: start) == .restart(after: .seconds(1)))
    #expect(restarts.counts == counts(waiting: 2))
  }

  @Test mutating func enginesAreCountedSeparately() {
    for key in ["a", "b"] { restarts.started(key, at: start) }
    for second in 1...4 {
      _ = restarts.ended("a", at: at(second))
      restarts.started("a", at: at(second))
    }
    #expect(restarts.ended("a", at: at(5)) == .giveUp(ends: 5))
    #expect(restarts.ended("b", at: at(5)) == .restart(after: .seconds(1)))
    #expect(restarts.counts == counts(restarted: 4, waiting: 1, givenUp: 1))
  }

  @Test mutating func whatLeftOnPurposeIsForgotten() {
    restarts.started("a", at: start)
    restarts.left("a")
    #expect(restarts.counts == counts())
    restarts.started("a", at: at(1))
    #expect(restarts.counts == counts())
    restarts.left("unknown")
  }

  @Test mutating func whatHasWaitedHasNotRun() {
    restarts.began("a", at: start)
    #expect(restarts.counts == counts())
    restarts.started("a", at: start)
    restarts.began("a", at: at(1000))
    #expect(!restarts.isSteady("a", at: at(1001)))
    #expect(restarts.ended("a", at: at(1001)) == .restart(after: .seconds(1)))
    restarts.began("a", at: at(1001))
    #expect(restarts.counts == counts(waiting: 1))
  }

  @Test func groupsAreTriedAgainForever() {
    var groups = EngineRestarts<String>(policy: .groups)
    let now = ContinuousClock.now
    let delays = (0..<100).map { _ in groups.ended("far", at: now) }
    #expect(
      delays.prefix(3) == [.restart(after: .seconds(10)), .restart(after: .seconds(20)), .restart(after: .seconds(40))])
    #expect(delays.last == .restart(after: .seconds(300)))
  }
}

import Testing

@testable import MartletController

struct UnreachableEnginesTests {
  private let start = Instant.now

  /// Makes an attempt after which something waits for these engines.
  ///
  /// - Returns: since when one is missing, in seconds.
  private func attempt(_ engines: inout UnreachableEngines, at seconds: Double, _ waiting: String...) -> Double? {
    engines.beginAttempt()
    let now = start + .seconds(seconds)
    for engine in waiting { engines.add(EngineIdentity(engine), now: now) }
    return engines.endAttempt(now: now).map { ($0 - start) / .seconds(1) }
  }

  @Test func oneThatCantBeReachedForLongIsMissing() {
    var engines = UnreachableEngines()
    engines.add(EngineIdentity("a"), now: start)
    #expect(attempt(&engines, at: 3, "a") == nil)
    #expect(attempt(&engines, at: 3.25, "a") == 0)
    #expect(attempt(&engines, at: 6.25, "a") == nil)
    #expect(attempt(&engines, at: 6.5, "a") == 3.25)
  }

  /// In a large cluster engines die all the time, and something waits for each until it is given up.
  @Test func manyThatCantBeReachedForAMomentAreNot() {
    var engines = UnreachableEngines()
    for second in 0..<100 {
      #expect(attempt(&engines, at: Double(second), "\(second)", "\(second + 1)") == nil)
    }
  }

  @Test func oneThatWasReachedBeginsAnew() {
    var engines = UnreachableEngines()
    engines.add(EngineIdentity("a"), now: start)
    #expect(attempt(&engines, at: 2) == nil)
    #expect(attempt(&engines, at: 2.5, "a") == nil)
    #expect(attempt(&engines, at: 5, "a") == nil)
    #expect(attempt(&engines, at: 5.75, "a") == 2.5)
  }

  @Test func theLatestOfSeveralCounts() {
    var engines = UnreachableEngines()
    engines.add(EngineIdentity("a"), now: start)
    engines.add(EngineIdentity("b"), now: start + .seconds(1))
    #expect(attempt(&engines, at: 4.5, "a", "b") == 1)
  }
}

import Testing

@testable import MartletEngine

@Suite struct ProgressPaceTests {
  private let start = ContinuousClock.now

  private func step(_ fraction: Double) -> ProgressStep { ProgressStep(fraction: fraction, text: "") }

  @Test func publishesAtALimitedRateAndTheLastInAnyCase() {
    var pace = ProgressPace()
    var published = 0
    for number in 0..<1000 where pace.add(step(Double(number) / 1000), at: start + .milliseconds(number)) != nil {
      published += 1
    }
    #expect(published == 20)
    #expect(pace.end() == step(0.999))
    #expect(pace.end() == nil)
  }

  @Test func nothingIsHeldBackAfterAPause() {
    var pace = ProgressPace()
    #expect(pace.add(step(0.1), at: start) == step(0.1))
    #expect(pace.add(step(0.2), at: start + .milliseconds(1)) == nil)
    #expect(pace.add(step(0.3), at: start + .seconds(1)) == step(0.3))
    #expect(pace.end() == nil)
  }

  @Test(arguments: [(-1, 0), (2, 1), (.nan, 0), (.infinity, 1), (0.5, 0.5)] as [(Double, Double)])
  func limitsTheFraction(_ given: Double, _ expected: Double) { #expect(step(given).fraction == expected) }
}

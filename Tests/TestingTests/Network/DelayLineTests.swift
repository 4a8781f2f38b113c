import Testing

@testable import MartletTesting

@Suite struct DelayLineTests {
  private let start = ContinuousClock.now

  @Test func itemsTakeTheirTime() {
    var line = DelayLine<String>()
    #expect(line.due(delay: .seconds(1)) == nil)
    #expect(line.first(delay: .zero, now: start) == nil)
    line.add("a", at: start)
    line.add("b", at: start + .seconds(1))
    #expect(line.due(delay: .seconds(2)) == start + .seconds(2))
    #expect(line.first(delay: .seconds(2), now: start + .seconds(1)) == nil)
    #expect(line.first(delay: .seconds(2), now: start + .seconds(2)) == "a")
    line.removeFirst()
    #expect(line.first(delay: .seconds(2), now: start + .seconds(2)) == nil)
    #expect(line.due(delay: .seconds(2)) == start + .seconds(3))
    line.removeFirst()
    line.removeFirst()
    #expect(line.due(delay: .zero) == nil)
  }

  @Test func anotherDelayHoldsForWhatIsOnItsWay() {
    var line = DelayLine<String>()
    line.add("a", at: start)
    #expect(line.first(delay: .seconds(3600), now: start + .seconds(1)) == nil)
    #expect(line.first(delay: .zero, now: start + .seconds(1)) == "a")
  }
}

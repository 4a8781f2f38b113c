import Testing

@testable import MartletCluster

@Suite struct HostHealthTests {
  private let start = ContinuousClock.now
  private var health = HostHealth(policy: .init(limit: 3, firstPause: .seconds(60), longestPause: .seconds(200)))

  private mutating func fail(
    _ second: Int, on host: String = "a", quick: Bool = true, cutOff: Bool = false
  ) -> Duration? {
    health.ended(on: host, isQuick: quick, isCutOff: cutOff, reason: "disk full", at: start + .seconds(second))
  }

  private func pause(_ second: Int, of host: String = "a") -> Duration? {
    health.pause(of: host, at: start + .seconds(second))
  }

  @Test mutating func aHostIsLeftOutAfterQuickEndsInARow() {
    #expect(fail(0) == nil)
    #expect(fail(1) == nil)
    #expect(fail(1, on: "b") == nil)
    #expect(pause(1) == nil)
    #expect(fail(2) == .seconds(60))
    #expect(pause(12) == .seconds(50))
    #expect(pause(12, of: "b") == nil)
    #expect(health.notes(at: start + .seconds(12)).keys.sorted() == ["a"])
    #expect(health.notes(at: start + .seconds(12))["a"]?.contains("disk full") == true)
    #expect(pause(62) == nil)
    #expect(health.notes(at: start + .seconds(62)) == [:])
  }

  @Test mutating func thePausesGrowAndOneFailureIsEnoughThen() {
    for second in 0..<2 { #expect(fail(second) == nil) }
    #expect(fail(2) == .seconds(60))
    // What was started before says nothing new.
    #expect(fail(3) == nil)
    #expect(fail(100) == .seconds(120))
    #expect(fail(300) == .seconds(200))
    #expect(fail(900) == .seconds(200))
  }

  @Test mutating func aSteadyRunForgivesAll() {
    for second in 0..<3 { _ = fail(second) }
    #expect(fail(100, quick: false) == nil)
    #expect(fail(101) == nil)
    #expect(fail(102) == nil)
    #expect(fail(103) == .seconds(60))
  }

  @Test mutating func enginesThatACutConnectionEndsAreOneEnd() {
    for _ in 0..<10 { #expect(fail(0, cutOff: true) == nil) }
    #expect(fail(4, cutOff: true) == nil)
    #expect(pause(4) == nil)
    // Others, and later ones, count.
    #expect(fail(6, cutOff: true) == nil)
    #expect(fail(6) == .seconds(60))
    #expect(fail(7, quick: false, cutOff: true) == nil)
    #expect(pause(7) == nil)
  }

  @Test mutating func whatIsLeftOut() {
    #expect(health.leftOut(at: start) == nil)
    for second in 0..<3 { _ = fail(second, on: "b") }
    for second in 10..<13 { _ = fail(second, on: "a") }
    let all = health.leftOut(at: start + .seconds(12))
    #expect(all?.names == ["a", "b"])
    #expect(all?.shortest == .seconds(50))
    #expect(health.leftOut(at: start + .seconds(65))?.names == ["a"])
    #expect(health.leftOut(at: start + .seconds(80)) == nil)
  }
}

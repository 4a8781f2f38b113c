import Testing

@testable import MartletController

@Suite struct HandshakeFailuresTests {
  @Test func saysTheFirstAndThenTheSumOnceInAWhile() {
    var failures = HandshakeFailures()
    let start = ContinuousClock.now
    #expect(failures.count(at: start) == 1)
    #expect(failures.count(at: start + .seconds(1)) == nil)
    #expect(failures.count(at: start + .seconds(4)) == nil)
    #expect(failures.count(at: start + .seconds(5)) == 4)
    #expect(failures.count(at: start + .seconds(6)) == nil)
  }
}

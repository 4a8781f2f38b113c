import Testing

@testable import MartletZeroMQ

@Suite struct BusyWaitTests {
  private let now = ContinuousClock.now

  private func busyWait(after waits: [Int]) -> BusyWait {
    var busyWait = BusyWait()
    for wait in waits { busyWait.waited(.microseconds(wait)) }
    return busyWait
  }

  @Test(arguments: [
    ([], false), ([10], false), ([10, 10], true), ([10, 1000, 10], true), ([10, 10, 1001], false),
    ([10, 10, 5000, 10], false), ([10, 5000, 10, 5000, 10], false), ([5000, 10, 10], true),
  ])
  func itTakesShortWaitsInARow(waits: [Int], isWorthwhile: Bool) {
    #expect(busyWait(after: waits).isWorthwhile(now: now) == isWorthwhile)
  }

  @Test func aLoopThatSharesTheProcessorPauses() {
    var busyWait = busyWait(after: [10, 10])
    let alone = busyWait.yielded(for: .microseconds(500), now: now)
    #expect(alone && busyWait.isWorthwhile(now: now))
    let shared = busyWait.yielded(for: .microseconds(501), now: now)
    #expect(!shared)
    #expect(!busyWait.isWorthwhile(now: now + .milliseconds(99)))
    #expect(busyWait.isWorthwhile(now: now + .milliseconds(100)))
  }
}

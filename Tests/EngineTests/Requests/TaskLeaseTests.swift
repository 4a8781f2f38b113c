import Testing

@testable import MartletEngine

@Suite struct TaskLeaseTests {
  private let start = ContinuousClock.now

  @Test func holdsWhilePingsCome() {
    var lease = TaskLease(gap: .seconds(15), now: start)
    #expect(lease.holds(at: start + .milliseconds(14_999)))
    #expect(!lease.holds(at: start + .seconds(15)))
    lease.ping(isFirst: false, at: start + .seconds(10))
    #expect(lease.holds(at: start + .milliseconds(24_999)))
    #expect(!lease.holds(at: start + .seconds(25)))
  }

  @Test func afterAGapItHoldsOnlyOnceItIsRenewed() {
    var lease = TaskLease(gap: .seconds(15), now: start)
    lease.ping(isFirst: true, at: start + .seconds(40))
    #expect(!lease.holds(at: start + .seconds(40)))
    lease.ping(isFirst: false, at: start + .seconds(43))
    #expect(!lease.holds(at: start + .seconds(43)))
    lease.renew(gap: .seconds(5), at: start + .seconds(44))
    #expect(lease.holds(at: start + .seconds(48)))
    #expect(!lease.holds(at: start + .seconds(49)))
  }

  @Test func aTaskHasToFitBeforeTheEnd() {
    let lease = SharedTaskLease()
    lease.limit(to: .now + .seconds(1000))
    // The controller would not take it back.
    #expect(lease.covers(.seconds(1001)))
    lease.renew(gap: .seconds(15))
    #expect(!lease.covers(.seconds(1001)))
    #expect(lease.covers(.seconds(500)))
    lease.end()
    #expect(lease.covers(.seconds(1001)))
  }

  @Test func withoutALeaseTasksMayBegin() {
    let lease = SharedTaskLease()
    lease.ping(isFirst: true)
    #expect(lease.holds)
    lease.renew(gap: .seconds(15))
    #expect(lease.holds)
    lease.ping(isFirst: true)
    #expect(!lease.holds)
    lease.end()
    #expect(lease.holds)
  }
}

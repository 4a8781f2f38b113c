import Synchronization
import Testing

@testable import MartletEngine

@Suite struct EngineLimitWatchTests {
  private let start = ContinuousClock.now

  private func watch(grace: Duration = .seconds(25), _ set: (inout EngineLimits) -> Void) -> EngineLimitWatch {
    var limits = EngineLimits()
    set(&limits)
    return EngineLimitWatch(limits, grace: grace, registered: start, now: start)
  }

  private func step(
    _ watch: inout EngineLimitWatch, at time: Duration, begun: Int = 0, idle: Bool = true, memory: Int = 0
  ) -> EngineLimitWatch.Step {
    watch.step(begun: begun, isIdle: idle, memory: { memory }, now: start + time)
  }

  @Test func withoutALimitItOnlyLooks() {
    var watch = watch { _ in }
    #expect(step(&watch, at: .seconds(1_000_000), begun: 5, memory: .max) == .wait(EngineLimitWatch.interval))
  }

  @Test func retiresWhenNothingHasCome() {
    var watch = watch { $0.idleTime = .seconds(10) }
    #expect(step(&watch, at: .seconds(9.5)) == .wait(.seconds(0.5)))
    #expect(step(&watch, at: .seconds(10)) == .retire(.idleTime(.seconds(10))))
  }

  @Test func aRequestThatRunsIsNoIdleTime() {
    var watch = watch { $0.idleTime = .seconds(10) }
    #expect(step(&watch, at: .seconds(5), begun: 1, idle: false) == .wait(.seconds(1)))
    #expect(step(&watch, at: .seconds(60), begun: 1, idle: false) == .wait(.seconds(1)))
    #expect(step(&watch, at: .seconds(69), begun: 1) == .wait(.seconds(1)))
    #expect(step(&watch, at: .seconds(70), begun: 1) == .retire(.idleTime(.seconds(10))))
  }

  @Test func noticesRequestsBetweenTwoLooks() {
    var watch = watch { $0.idleTime = .seconds(10) }
    #expect(step(&watch, at: .seconds(9), begun: 1) == .wait(.seconds(1)))
    #expect(step(&watch, at: .seconds(18), begun: 1) == .wait(.seconds(1)))
    #expect(step(&watch, at: .seconds(19), begun: 1) == .retire(.idleTime(.seconds(10))))
  }

  @Test func leavesTimeForTheGrace() {
    var watch = watch { $0.lifetime = .seconds(3600) }
    #expect(step(&watch, at: .seconds(3574), begun: 9, idle: false) == .wait(.seconds(1)))
    #expect(step(&watch, at: .seconds(3575), begun: 9, idle: false) == .retire(.lifetime(.seconds(3600))))
  }

  @Test func aShortLifetimeIsNotAllGrace() {
    var watch = watch { $0.lifetime = .seconds(10) }
    #expect(step(&watch, at: .seconds(4.5)) == .wait(.seconds(0.5)))
    #expect(step(&watch, at: .seconds(5)) == .retire(.lifetime(.seconds(10))))
  }

  @Test func preparationIsLifetimeButNoIdleTime() {
    var limits = EngineLimits()
    limits.idleTime = .seconds(10)
    limits.lifetime = .seconds(60)
    var watch = EngineLimitWatch(limits, grace: .seconds(10), registered: start, now: start + .seconds(45))
    #expect(step(&watch, at: .seconds(45)) == .wait(.seconds(1)))
    #expect(step(&watch, at: .seconds(49), begun: 1) == .wait(.seconds(1)))
    #expect(step(&watch, at: .seconds(50), begun: 1) == .retire(.lifetime(.seconds(60))))
  }

  @Test func memoryCountsAfterTheFirstRequest() {
    var watch = watch { $0.memory = 100 }
    #expect(step(&watch, at: .seconds(1), memory: 101) == .wait(.seconds(1)))
    #expect(step(&watch, at: .seconds(2), begun: 1, memory: 100) == .wait(.seconds(1)))
    #expect(step(&watch, at: .seconds(3), begun: 1, memory: 101) == .retire(.memory(101)))
  }

  @Test func theLastRequestIsToldOnce() {
    let calls = Mutex(0)
    let count = RequestCount(limit: 3) { calls.withLock { $0 += 1 } }
    count.begin()
    count.begin()
    #expect(calls.withLock(\.self) == 0)
    count.begin()
    #expect(calls.withLock(\.self) == 1)
    count.begin()
    #expect(calls.withLock(\.self) == 1)
    #expect(count.begun == 4)
  }
}

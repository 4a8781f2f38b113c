import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct EventLoopTimerTests {
  @Test func timersFireInTheOrderOfTheirDeadlines() async throws {
    let loop = try EventLoop.started("timers")
    let log = LoopLog(loop)
    try await loop.run {
      let now = ContinuousClock.now
      for delay in [4, 1, 3, 2, 0] {
        _ = loop.schedule(at: now + .milliseconds(delay)) { log.note("\(delay)") }
      }
      _ = loop.schedule(at: now) { log.note("0 later") }
    }
    #expect(await log.entries(atLeast: 6) == ["0", "0 later", "1", "2", "3", "4"])
    await loop.end()
  }

  @Test func timersAreNeverEarly() async throws {
    let loop = try EventLoop.started("early")
    let log = LoopLog(loop)
    try await loop.run {
      for microseconds in stride(from: 100, to: 3000, by: 290) {
        let deadline = ContinuousClock.now + .microseconds(microseconds)
        _ = loop.schedule(at: deadline) { log.note(ContinuousClock.now >= deadline ? "late" : "early") }
      }
    }
    #expect(await Set(log.entries(atLeast: 10)) == ["late"])
    await loop.end()
  }

  @Test func cancelledTimersDoNotFire() async throws {
    let loop = try EventLoop.started("cancel")
    let log = LoopLog(loop)
    try await loop.run {
      let now = ContinuousClock.now
      let tokens = Local<[EventLoop.Token]>([])
      _ = loop.schedule(at: now) {
        log.note("first")
        for token in tokens.value { loop.cancel(token) }
      }
      tokens.value = [now, now + .milliseconds(1)].map { deadline in
        loop.schedule(at: deadline) { log.note("cancelled") }
      }
      let token = loop.schedule(at: now) { log.note("cancelled at once") }
      loop.cancel(token)
      loop.cancel(token)
      _ = loop.schedule(at: now + .milliseconds(2)) { log.note("last") }
    }
    #expect(await log.entries(atLeast: 2) == ["first", "last"])
    await loop.end()
  }

  @Test func timersThatScheduleTimers() async throws {
    let loop = try EventLoop.started("chain")
    let log = LoopLog(loop)
    @Sendable func tick(_ left: Int) {
      log.note("\(left)")
      if left > 0 { _ = loop.schedule(at: .now) { tick(left - 1) } }
    }
    try await loop.run { tick(50) }
    #expect(await log.entries(atLeast: 51) == (0...50).reversed().map(String.init))
    await loop.end()
  }

  @Test func cancelledTimersTakeNoRoom() async throws {
    let loop = try EventLoop.started("room")
    let pending = try await loop.run {
      let kept = loop.schedule(at: .now + .seconds(7200)) {}
      for _ in 0..<10_000 { loop.cancel(loop.schedule(at: .now + .seconds(3600)) {}) }
      loop.cancel(kept)
      return loop.timers.count
    }
    #expect(pending < 200)
    await loop.end()
  }
}

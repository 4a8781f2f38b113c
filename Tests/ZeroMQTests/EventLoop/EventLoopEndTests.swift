import Synchronization
import Testing

@testable import MartletZeroMQ

/// Work submitted to a loop before it starts, while it ends or after it has ended.
@Suite(.timeLimit(.minutes(1))) struct EventLoopEndTests {
  @Test func workBeforeTheStartWaitsForIt() async throws {
    let loop = try EventLoop(name: "early")
    let log = LoopLog(loop)
    try loop.execute { log.note("closure") }
    let job = Task { await log.add("job") }
    #expect(!loop.isOnLoop)
    try loop.start()
    await job.value
    #expect(await Set(log.entries) == ["closure", "job"])
    await loop.end()
  }

  @Test func startingTwiceStartsOneThread() async throws {
    let loop = try EventLoop.started("twice")
    let before = try await loop.run { EventLoop.currentThread }
    try loop.start()
    #expect(try await loop.run { EventLoop.currentThread } == before)
    await loop.end()
  }

  @Test func aLoopThatHasEndedDoesNotStart() async throws {
    let loop = try EventLoop.started("ended")
    await loop.end()
    #expect(throws: EventLoopEnded(loop: "ended")) { try loop.start() }
  }

  @Test func aLoopThatNeverStartedEnds() async throws {
    let loop = try EventLoop(name: "never")
    await loop.end()
    #expect(throws: EventLoopEnded(loop: "never")) { try loop.execute {} }
  }

  @Test func aLoopThatNeverStartedRunsItsWorkAtTheStop() async throws {
    let loop = try EventLoop(name: "never")
    let log = LoopLog(loop)
    try loop.execute { log.note("closure") }
    await loop.end()
    #expect(await log.entries == ["closure"])
  }

  @Test func aClosureAfterTheEndIsAnErrorAndReleased() async throws {
    let loop = try EventLoop.started("ended")
    await loop.end()
    weak var held: Local<Int>?
    do {
      let local = Local(0)
      held = local
      #expect(throws: EventLoopEnded(loop: "ended")) { try loop.execute { local.value += 1 } }
      #expect(local.value == 0)
    }
    #expect(held == nil)
  }

  @Test func aJobAfterTheEndRunsIsolated() async throws {
    let loop = try EventLoop.started("ended")
    let log = LoopLog(loop)
    await loop.end()
    for number in 0..<100 { await log.add("\(number)") }
    #expect(await log.entries == (0..<100).map(String.init))
    #expect(!loop.isOnLoop)
  }

  @Test func jobsAfterTheEndRunOneAtATime() async throws {
    let loop = try EventLoop.started("ended")
    let log = LoopLog(loop)
    await loop.end()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask { for _ in 0..<200 { await log.add("x") } }
      }
    }
    #expect(await log.entries.count == 1600)
  }

  @Test func aClosureThatMustRunDoesSoAfterTheEnd() async throws {
    let loop = try EventLoop.started("ended")
    await loop.end()
    let isOnLoop = await withCheckedContinuation { continuation in
      loop.executeAlways { continuation.resume(returning: loop.isOnLoop) }
    }
    #expect(isOnLoop)
  }

  /// Calls race with the loop's end. Each returns or throws, and all accepted work has run.
  @Test func nothingIsLostInTheRaceWithTheEnd() async throws {
    for _ in 0..<100 {
      let loop = try EventLoop.started("race")
      let log = LoopLog(loop)
      let ran = Count()
      let accepted = await withTaskGroup(of: Int.self) { group in
        for _ in 0..<4 {
          group.addTask {
            var accepted = 0
            for _ in 0..<20 {
              await log.add("job")
              if (try? loop.execute { ran.value.add(1, ordering: .relaxed) }) != nil { accepted += 1 }
            }
            return accepted
          }
        }
        group.addTask {
          await loop.end()
          return 0
        }
        return await group.reduce(0, +)
      }
      #expect(await log.entries.count == 80)
      // The loop ends after running everything it accepted, and accepts nothing afterwards.
      #expect(ran.value.load(ordering: .relaxed) == accepted)
    }
  }

  /// The loop also runs work that exceeds what it takes in one round.
  @Test func aLongChainOfWorkRunsBeforeTheEnd() async throws {
    let loop = try EventLoop.started("chain")
    let count = Local(0)
    @Sendable func next() {
      count.value += 1
      if count.value < 100 { try? loop.execute { next() } }
    }
    try loop.execute {
      loop.stop()
      next()
    }
    await loop.waitUntilStopped()
    #expect(count.value == 100)
  }

  /// Releasing an object held by a timer may resume a pinned actor's task while the loop is ending.
  @Test func workMadeByTheEndRuns() async throws {
    for _ in 0..<20 {
      let loop = try EventLoop.started("release")
      let log = LoopLog(loop)
      let (stream, continuation) = AsyncStream<Void>.makeStream()
      let follower = Task { await log.follow(stream) }
      try await loop.run {
        let witness = Witness { continuation.finish() }
        _ = loop.schedule(at: .now + .seconds(3600)) { withExtendedLifetime(witness) {} }
      }
      await loop.end()
      await follower.value
      #expect(await log.entries == ["finished"])
    }
  }

  @Test func sourcesAndTimersAddedAfterTheEndAreReleased() async throws {
    let loop = try EventLoop.started("late")
    let log = LoopLog(loop)
    await loop.end()
    weak var held: Local<Int>?
    do {
      let local = Local(0)
      held = local
      await log.schedule { local.value += 1 }
      #expect(local.value == 0)
    }
    while held != nil { await Task.yield() }
  }

  private final class Count: Sendable {
    let value = Atomic(0)
  }

  private final class Witness: Sendable {
    let released: @Sendable () -> Void
    init(_ released: @escaping @Sendable () -> Void) { self.released = released }
    deinit { released() }
  }
}

extension LoopLog {
  fileprivate func follow(_ stream: AsyncStream<Void>) async {
    for await _ in stream {}
    add("finished")
  }

  fileprivate func schedule(_ action: @escaping @Sendable () -> Void) {
    _ = loop.schedule(at: .now + .seconds(3600), action)
  }
}

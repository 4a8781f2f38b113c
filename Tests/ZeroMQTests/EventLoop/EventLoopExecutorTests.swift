import Foundation
import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct EventLoopExecutorTests {
  @Test func closuresRunInOrder() async throws {
    let loop = try EventLoop.started("order")
    let log = LoopLog(loop)
    for number in 0..<1000 { try loop.execute { log.note("\(number)") } }
    #expect(await log.entries(atLeast: 1000) == (0..<1000).map(String.init))
    await loop.end()
  }

  @Test func closuresGivenByClosuresComeLater() async throws {
    let loop = try EventLoop.started("nested")
    let log = LoopLog(loop)
    try loop.execute {
      try? loop.execute { log.note("inner") }
      log.note("outer")
    }
    #expect(await log.entries(atLeast: 2) == ["outer", "inner"])
    await loop.end()
  }

  @Test func actorsRunOnTheLoop() async throws {
    let loop = try EventLoop.started("actors")
    let (first, second) = (LoopLog(loop), LoopLog(loop))
    for number in 0..<100 {
      await first.add("\(number)")
      await second.add("\(number)")
    }
    #expect(await first.entries == second.entries)
    await loop.end()
  }

  @Test func nothingIsLostFromManyThreads() async throws {
    let loop = try EventLoop.started("many")
    let count = Local(0)
    let log = LoopLog(loop)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for number in 0..<5000 {
            try loop.execute { count.value += 1 }
            if number % 50 == 0 { await log.add("x") }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await loop.run { count.value } == 40_000)
    #expect(await log.entries.count == 800)
    await loop.end()
  }

  @Test func isolationIsKnown() async throws {
    let loop = try EventLoop.started("isolation")
    let other = try EventLoop.started("other")
    #expect(!loop.isOnLoop && loop.isIsolatingCurrentContext() == false)
    #expect(try await loop.run { loop.isOnLoop && loop.isIsolatingCurrentContext() == true })
    #expect(try await other.run { !loop.isOnLoop })
    await loop.end()
    await other.end()
  }

  /// The system may reuse the id of the loop's finished thread for a new thread.
  @Test func aStoppedLoopHasNoThread() async throws {
    for _ in 0..<20 {
      let stopped = try EventLoop.started("stopped")
      await stopped.end()
      let other = try EventLoop.started("next")
      #expect(try await other.run { stopped.isOnLoop } == false)
      await other.end()
    }
  }

  #if os(Linux)
    @Test func theThreadHasTheLoopsName() async throws {
      let loop = try EventLoop.started("a name longer than fifteen")
      #expect(
        try await loop.run { try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8) }
          == "a name longer t\n")
      await loop.end()
    }
  #endif

  @Test func workGivenBeforeTheStopRuns() async throws {
    let loop = try EventLoop.started("stop")
    let count = Local(0)
    for _ in 0..<1000 { try loop.execute { count.value += 1 } }
    try loop.execute { try? loop.execute { try? loop.execute { count.value += 1 } } }
    await loop.end()
    #expect(count.value == 1001)
  }

  @Test func stoppingTwiceAndFromWithin() async throws {
    let loop = try EventLoop.started("twice")
    try loop.execute {
      loop.stop()
      loop.stop()
    }
    await loop.waitUntilStopped()
    loop.stop()
    await loop.waitUntilStopped()
  }

  @Test func severalWaitForTheEnd() async throws {
    let loop = try EventLoop.started("waiters")
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<5 { group.addTask { await loop.waitUntilStopped() } }
      group.addTask { loop.stop() }
    }
  }

  @Test func aStoppedLoopIsFreed() async throws {
    weak var gone: EventLoop?
    let (ends, continuation) = AsyncStream<Void>.makeStream()
    do {
      let loop = try EventLoop.started("freed")
      gone = loop
      let witness = Witness { continuation.yield() }
      try await loop.run { _ = loop.schedule(at: .now + .seconds(3600)) { withExtendedLifetime(witness) {} } }
      loop.stop()
      await loop.waitUntilStopped()
    }
    // The thread releases the objects its timers reference before it reports that it has ended.
    var iterator = ends.makeAsyncIterator()
    await iterator.next()
    while gone != nil { await Task.yield() }
  }

  private final class Witness: Sendable {
    let released: @Sendable () -> Void
    init(_ released: @escaping @Sendable () -> Void) { self.released = released }
    deinit { released() }
  }
}

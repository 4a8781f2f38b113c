import Foundation
import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct EventLoopExecutorTests {
  @Test func closuresRunInOrder() async throws {
    let loop = try EventLoop(name: "order")
    let log = LoopLog(loop)
    for number in 0..<1000 { loop.execute { log.note("\(number)") } }
    #expect(await log.entries(atLeast: 1000) == (0..<1000).map(String.init))
    await loop.end()
  }

  @Test func closuresGivenByClosuresComeLater() async throws {
    let loop = try EventLoop(name: "nested")
    let log = LoopLog(loop)
    loop.execute {
      loop.execute { log.note("inner") }
      log.note("outer")
    }
    #expect(await log.entries(atLeast: 2) == ["outer", "inner"])
    await loop.end()
  }

  @Test func actorsRunOnTheLoop() async throws {
    let loop = try EventLoop(name: "actors")
    let (first, second) = (LoopLog(loop), LoopLog(loop))
    for number in 0..<100 {
      await first.add("\(number)")
      await second.add("\(number)")
    }
    #expect(await first.entries == second.entries)
    await loop.end()
  }

  @Test func nothingIsLostFromManyThreads() async throws {
    let loop = try EventLoop(name: "many")
    let count = Local(0)
    let log = LoopLog(loop)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for number in 0..<5000 {
            loop.execute { count.value += 1 }
            if number % 50 == 0 { await log.add("x") }
          }
        }
      }
    }
    #expect(try await loop.run { count.value } == 40_000)
    #expect(await log.entries.count == 800)
    await loop.end()
  }

  @Test func isolationIsKnown() async throws {
    let loop = try EventLoop(name: "isolation")
    let other = try EventLoop(name: "other")
    #expect(!loop.isOnLoop && loop.isIsolatingCurrentContext() == false)
    #expect(try await loop.run { loop.isOnLoop && loop.isIsolatingCurrentContext() == true })
    #expect(try await other.run { !loop.isOnLoop })
    await loop.end()
    await other.end()
  }

  /// A thread that starts after the loop's has ended may get its id from the system.
  @Test func aStoppedLoopHasNoThread() async throws {
    for _ in 0..<20 {
      let stopped = try EventLoop(name: "stopped")
      await stopped.end()
      let other = try EventLoop(name: "next")
      #expect(try await other.run { stopped.isOnLoop } == false)
      await other.end()
    }
  }

  #if os(Linux)
    @Test func theThreadHasTheLoopsName() async throws {
      let loop = try EventLoop(name: "a name longer than fifteen")
      #expect(
        try await loop.run { try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8) }
          == "a name longer t\n")
      await loop.end()
    }
  #endif

  @Test func whatWasGivenBeforeTheStopRuns() async throws {
    let loop = try EventLoop(name: "stop")
    let count = Local(0)
    for _ in 0..<1000 { loop.execute { count.value += 1 } }
    loop.execute { loop.execute { loop.execute { count.value += 1 } } }
    await loop.end()
    #expect(count.value == 1001)
  }

  @Test func stoppingTwiceAndFromWithin() async throws {
    let loop = try EventLoop(name: "twice")
    loop.execute {
      loop.stop()
      loop.stop()
    }
    await loop.waitUntilStopped()
    loop.stop()
    await loop.waitUntilStopped()
  }

  @Test func severalWaitForTheEnd() async throws {
    let loop = try EventLoop(name: "waiters")
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<5 { group.addTask { await loop.waitUntilStopped() } }
      group.addTask { loop.stop() }
    }
  }

  @Test func aStoppedLoopIsFreed() async throws {
    weak var gone: EventLoop?
    let (ends, continuation) = AsyncStream<Void>.makeStream()
    do {
      let loop = try EventLoop(name: "freed")
      gone = loop
      let witness = Witness { continuation.yield() }
      try await loop.run { _ = loop.schedule(at: .now + .seconds(3600)) { withExtendedLifetime(witness) {} } }
      loop.stop()
      await loop.waitUntilStopped()
    }
    // The thread lets go of what its timers held before it tells that it has ended.
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

#if os(Linux)
  import CMartletZeroMQ
  import Foundation
  import Testing

  @testable import MartletZeroMQ

  @Suite(.timeLimit(.minutes(1))) struct ContextTests {
    @Test func onlyIOThreadsAreScheduledInBatches() async throws {
      let context = try Context(ioThreads: 2)
      let others = try ioThreads()
      // The first socket starts the threads. Each sets its scheduling policy first and then its name.
      let socket = try Socket(context, .dealer)
      try socket.bind("inproc://context-tests")
      var made: Set<pid_t> = []
      while made.count < 2 {
        try await Task.sleep(for: .milliseconds(1))
        made = try ioThreads().subtracting(others)
      }
      for thread in made { #expect(sched_getscheduler(thread) == SCHED_BATCH) }
      #expect(sched_getscheduler(0) == SCHED_OTHER)
    }

    /// The ids of this process's threads that have libzmq's name for I/O threads.
    private func ioThreads() throws -> Set<pid_t> {
      let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")
      let named = threads.filter { thread in
        // The thread may have ended in the meantime.
        let name = try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8)
        return name?.contains("/IO/") ?? false
      }
      return Set(named.compactMap { pid_t($0) })
    }
  }
#endif

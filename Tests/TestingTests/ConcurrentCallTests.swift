import Martlet
import MartletTesting
import Synchronization
import Testing

/// Functions of which several calls run at once on an engine.
@Suite(.timeLimit(.minutes(2))) struct ConcurrentCallTests {
  /// How many calls run, and the most that did.
  private final class Presence: Sendable {
    private let counts = Mutex((present: 0, peak: 0))

    var peak: Int { counts.withLock { $0.peak } }

    func change(by change: Int) {
      counts.withLock {
        $0.present += change
        $0.peak = max($0.peak, $0.present)
      }
    }
  }

  /// A function that waits until so many of its calls run at once, and returns its own task.
  private func meet(_ count: Int, _ presence: Presence, concurrency: Int = 8) -> RemoteFunction<Int, String> {
    RemoteFunction("meet", concurrency: concurrency) { (number: Int) async throws -> String in
      presence.change(by: 1)
      defer { presence.change(by: -1) }
      while presence.peak < count {
        EngineContext.current?.progress(0.5, "caller \(number)")
        try await Task.sleep(for: .milliseconds(1))
      }
      return EngineContext.current?.taskID ?? ""
    }
  }

  @Test func mapsRunSeveralAtOnce() async throws {
    let presence = Presence()
    let meet = meet(8, presence)
    try await withTestCluster(functions: [meet], engines: 1) { client in
      let result = try client.loadBalanced().map(meet, Array(0..<40))
      #expect(try await result.value == result.msgIDs)
    }
    #expect(presence.peak == 8)
  }

  @Test func chunksAndReferencesRunAtOnce() async throws {
    let presence = Presence()
    let meet = meet(4, presence)
    try await withTestCluster(functions: [meet], engines: 1) { client in
      let tasks = try await client.loadBalanced().map(meet, Array(0..<12), chunkSize: 3).value
      #expect(Set(tasks).count == 4)
    }
    #expect(presence.peak == 4)
  }

  @Test func severalEnginesShareThem() async throws {
    let presence = Presence()
    let meet = meet(6, presence, concurrency: 3)
    try await withTestCluster(functions: [meet], engines: 2) { client in
      let result = try client.loadBalanced().map(meet, Array(0..<6))
      _ = try await result.value
      let counts = Dictionary(grouping: result.metadata.compactMap(\.engineUUID), by: \.self).values.map(\.count)
      #expect(counts == [3, 3])
    }
  }

  @Test func otherFunctionsRunAlone() async throws {
    let presence = Presence()
    let meet = meet(1, presence)
    let alone = RemoteFunction("alone") { () async throws -> Int in
      presence.change(by: 100)
      defer { presence.change(by: -100) }
      try await Task.sleep(for: .milliseconds(1))
      return presence.peak
    }
    try await withTestCluster(functions: [meet, alone], engines: 1) { client in
      let view = client.loadBalanced()
      let calls = try (0..<20).map { try view.apply(meet, $0) }
      let others = try (0..<5).map { _ in try view.apply(alone) }
      let more = try (0..<20).map { try view.apply(meet, $0) }
      for call in calls + more { _ = try await call.value }
      for other in others { #expect(try await other.value == 100) }
    }
  }

  @Test func oneIsStoppedAndOthersGoOn() async throws {
    let presence = Presence()
    let meet = meet(3, presence)
    try await withTestCluster(functions: [meet], engines: 1) { client in
      var view = client.loadBalanced()
      let stopped = try view.apply(meet, 1)
      view.executionTimeout = .milliseconds(20)
      let limited = try view.apply(meet, 2)
      let error = try await #require(throws: RemoteError.self) { try await limited.value }
      #expect(error.ename == "TimeoutError")
      for await report in stopped.progressReports where report.text == "caller 1" { break }
      stopped.cancel(running: true)
      await #expect(throws: (any Error).self) { try await stopped.value }
      view.executionTimeout = nil
      #expect(try await view.map(meet, [1, 2, 3]).value.count == 3)
    }
  }

  @Test func allThatAnEngineRunsAreTriedAgain() async throws {
    let presence = Presence()
    let wait = RemoteFunction("wait", concurrency: 4) { (number: Int) async throws -> Int in
      presence.change(by: 1)
      defer { presence.change(by: -1) }
      while !Gate.isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
      return number
    }
    try await withTestCluster(functions: [wait], engines: 1) { client, cluster in
      var view = client.loadBalanced()
      view.retries = 1
      let result = try view.map(wait, [0, 1, 2, 3])
      while presence.peak < 4 { try await Task.sleep(for: .milliseconds(1)) }
      try await cluster.kill(try #require(client.engines.first))
      Gate.isOpen.withLock { $0 = true }
      try cluster.addEngines()
      #expect(try await result.value == [0, 1, 2, 3])
    }
  }

  private enum Gate {
    static let isOpen = Mutex(false)
  }
}

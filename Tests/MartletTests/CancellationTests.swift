import Foundation
import Martlet
import Testing

/// Stopping functions that run, through a real controller.
@Suite(.timeLimit(.minutes(2))) struct CancellationTests {
  /// Leaves a mark once it runs, and sleeps.
  private static let work = RemoteFunction("work") { (_: String, _: String, _: Double, value: Int) in value }
  private static let add = RemoteFunction("add") { (a: Int, b: Int) in a + b }

  private func waitFor(_ file: String) async throws {
    while !FileManager.default.fileExists(atPath: file) { try await Task.sleep(for: .milliseconds(2)) }
  }

  @Test func whatRunsCanBeStopped() async throws {
    try await TestCluster.withClient(engines: 2) { client in
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: folder) }

      var view = client.loadBalanced()
      view.retries = 2
      let cancelled = try view.apply(Self.work, "\(folder)/a", "", 3600, 0)
      try await waitFor("\(folder)/a")
      #expect(try await cancelled.why?.contains(" runs it, for at most ") == true)
      #expect(try await client.why(try #require(cancelled.msgIDs.first)).hasPrefix("engine "))
      try await client.abort(cancelled, running: true)
      var error = await #expect(throws: RemoteError.self) { try await cancelled.value }
      #expect(error?.ename == "CancellationError")

      let direct = try client[...].apply(Self.work, "\(folder)/b", "", 3600, 0)
      try await waitFor("\(folder)/b")
      direct.cancel(running: true)
      await #expect(throws: CompositeError.self) { try await direct.value }

      view.retries = 0
      view.executionTimeout = .milliseconds(50)
      let slow = try view.apply(Self.work, "\(folder)/c", "", 3600, 0)
      error = await #expect(throws: RemoteError.self) { try await slow.value }
      #expect(error?.ename == "TimeoutError")
      #expect(try await view.map(Self.add, 0..<100, 0..<100).value == (0..<100).map { 2 * $0 })

      view.executionTimeout = nil
      view.cancelsRunning = true
      let waited = try view.apply(Self.work, "\(folder)/d", "", 3600, 0)
      let waiting = Task { try await waited.value }
      try await waitFor("\(folder)/d")
      waiting.cancel()
      // The answer may come before the waiter has noticed.
      await #expect(throws: (any Error).self) { try await waiting.value }
      #expect(try await client[...].apply(Self.add, 3, 4).value == [7, 7])
    }
  }
}

import Foundation
import Martlet
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Clients and engines of a controller that is killed, stopped and started again.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ControllerRestartTests {
  private static let sleep = RemoteFunction("sleep") { (seconds: Double) in seconds }
  private static let add = RemoteFunction("add") { (a: Int, b: Int) in a + b }

  private func isLost(_ error: (any Error)?) -> Bool { (error as? ClientError)?.code == .controllerLost }

  @Test func aKilledControllerIsReportedWithinTheTimeLimit() async throws {
    try await ProcessCluster.with(engines: 1) { cluster in
      let client = try await cluster.connect(reconnectTimeout: .seconds(1))
      let results = try [client[0].apply(Self.sleep, 1000), client.loadBalanced().apply(Self.sleep, 1000)]
      cluster.killController()
      for result in results {
        let error = await #expect(throws: ClientError.self) { try await result.value(timeout: .seconds(60)) }
        #expect(isLost(error))
      }
      let late = try client.loadBalanced().apply(Self.add, 1, 2)
      let error = await #expect(throws: ClientError.self) { try await late.value }
      #expect(isLost(error))
      // The same client works again when a controller is back.
      try cluster.startController()
      try await wait("the engine") { (try? await client.waitForEngines(1, timeout: .seconds(1))) != nil }
      await client.close()
    }
  }

  @Test func aStoppedControllerThatGoesOnLosesNothing() async throws {
    try await ProcessCluster.with(engines: 1) { cluster in
      let client = try await cluster.connect()
      let before = try client.loadBalanced().map(Self.sleep, Array(repeating: 0.01, count: 50))
      cluster.signalController(SIGSTOP)
      let during = try client.loadBalanced().apply(Self.add, 1, 2)
      #expect(try await during.wait(timeout: .milliseconds(500)) == false)
      cluster.signalController(SIGCONT)
      #expect(try await before.value.count == 50)
      #expect(try await during.value == 3)
      await client.close()
    }
  }

  @Test func aRestartedControllerIsJoinedByEnginesAndClients() async throws {
    try await ProcessCluster.with(engines: 2) { cluster in
      let client = try await cluster.connect(reconnectTimeout: .seconds(60))
      try await client[...].push(["kept": 42]).value
      let ids = client.ids
      let uuids = client.engines.map(\.uuid)
      let unknown = try client[0].apply(Self.sleep, 30)
      cluster.killController()
      try cluster.startController()
      // Long before the time limit.
      let error = await #expect(throws: ClientError.self) { try await unknown.value(timeout: .seconds(50)) }
      #expect(isLost(error))
      #expect(error?.message.contains("was restarted") == true)
      try await client.waitForEngines(2)
      #expect(client.ids == ids)
      #expect(client.engines.map(\.uuid) == uuids)
      // The other engine sleeps on, because nobody has told it that its task is void.
      #expect(try await client[1].pull("kept", as: Int.self).value == 42)
      #expect(try await client[1].apply(Self.add, 1, 2).value == 3)
      await client.close()
    }
  }

  /// Waits until a condition holds.
  private func wait(_ condition: Comment, until holds: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !holds() { try #require(ContinuousClock.now < deadline, condition) }
  }
}

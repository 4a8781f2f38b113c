import Foundation
import MartletClient
import MartletController
import MartletEngine
import MartletWire
import Synchronization
import Testing

extension IntegrationTests {
  /// The client and engine libraries work together through a controller.
  @Suite struct LibraryTests {
    private static let functions: [any RemoteCallable] = [
      RemoteFunction("add") { (a: Int, b: Int) in a + b },
      RemoteFunction("fail") { (text: String) -> Int in throw Failure(text: text) },
    ]

    private struct Failure: Error {
      let text: String
    }

    private func run(
      _ transport: Transport, engines: Int, functions: [any RemoteCallable] = functions,
      _ body: (Client, TestController) async throws -> Void
    ) async throws {
      try await TestController.run(transport) { test in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<engines {
            var configuration = EngineConfiguration(connection: test.engine)
            configuration.captureOutput = false
            let engine = try Engine(
              configuration: configuration, functions: functions, logger: TestController.quiet)
            group.addTask { try await engine.run() }
          }
          var configuration = ClientConfiguration()
          configuration.logger = TestController.quiet
          let client = try await Client.connect(test.client, configuration: configuration)
          try await client.waitForEngines(engines)
          try await body(client, test)
          await client.close()
          group.cancelAll()
          try await group.waitForAll()
        }
      }
    }

    @Test(arguments: [Transport.ipc, .tcp, .curve])
    func callsOfEveryKind(_ transport: Transport) async throws {
      let add = RemoteFunction("add") { (a: Int, b: Int) in a + b }
      let fail = RemoteFunction("fail") { (text: String) -> Int in text.count }
      try await run(transport, engines: 2) { client, _ in
        let sums = try await client[...].apply(add, 2, 3).value
        #expect(sums == [5, 5])
        #expect(try await client.loadBalanced().apply(add, 2, 3).value == 5)
        for isCoalescing in [false, true] {
          #expect(try await client.broadcast(isCoalescing: isCoalescing).apply(add, 1, 1).value == [2, 2])
        }
        await #expect(throws: RemoteError.self) { try await client.loadBalanced().apply(fail, "reason").value }
        #expect(try await client.queueStatus().unassigned == 0)
      }
    }

    /// The scheduler prefetches short tasks to engines. No short task waits behind a long one, and each runs once.
    @Test(arguments: [1, 3]) func noTaskWaitsBehindALongOne(engines: Int) async throws {
      let gate = AsyncStream.makeStream(of: Void.self)
      let runs = Mutex([Int: Int]())
      let short = RemoteFunction("short") { (number: Int) in
        runs.withLock { $0[number, default: 0] += 1 }
        return number
      }
      let long = RemoteFunction("long") { () async -> Int in
        for await _ in gate.stream {}
        return -1
      }
      try await run(.ipc, engines: engines, functions: [short, long]) { client, _ in
        let view = client.loadBalanced()
        #expect(try await view.map(short, 0..<300).value == Array(0..<300))
        let running = try view.apply(long)
        let others = try view.map(short, 300..<500)
        if engines > 1 { #expect(try await others.value == Array(300..<500)) }
        if engines == 1 {
          // The engine has returned every task.
          try await wait("the tasks to be unassigned") { try await client.queueStatus().unassigned == 200 }
        }
        gate.continuation.finish()
        #expect(try await running.value == -1)
        #expect(try await others.value == Array(300..<500))
        #expect(runs.withLock { $0 } == Dictionary(uniqueKeysWithValues: (0..<500).map { ($0, 1) }))
      }
    }

    @Test(arguments: [Transport.ipc, .curve])
    func engineAndHubShutDown(_ transport: Transport) async throws {
      try await run(transport, engines: 2) { client, test in
        let first = try #require(client.ids.first)
        try await client.shutdown(engines: .ids([first]))
        try await wait("the notification") { !client.ids.contains(first) && client.ids.count == 1 }
        try await client.shutdown(hub: true)
        try await wait("the removal of the files") {
          try FileManager.default.subpathsOfDirectory(atPath: test.directory) == ["security"]
        }
      }
    }
  }
}

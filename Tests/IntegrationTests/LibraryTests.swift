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
      refuse, power, note, extent, reversed,
    ]
    private static let refuse = RemoteFunction("refuse") { (x: Int) throws(Refusal) -> Int in
      if x.isMultiple(of: 2) { return x }
      throw .odd(x)
    }
    private static let power = RemoteFunction("power") { (base: Int, exponent: Int) in
      (0..<exponent).reduce(1) { product, _ in product * base }
    }
    private static let note = RemoteFunction("note") { (_: String) in }
    private static let extent = RemoteFunction("extent") { (numbers: [Double]) in
      (numbers.min() ?? 0, numbers.max() ?? 0)
    }
    private static let reversed = RemoteFunction("reversed") { (numbers: [Int32]) in Array(numbers.reversed()) }

    enum Refusal: Error, Codable, Equatable { case odd(Int) }

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

    @Test func errorsArriveAsWhatTheyAre() async throws {
      try await run(.ipc, engines: 2) { client, _ in
        let one = try client.loadBalanced().apply(Self.refuse, 3)
        await #expect(throws: Refusal.odd(3)) { try await one.value }
        let context = try #require(one.remoteErrors.first)
        #expect(context.ename == "Refusal" && context.engineID != nil && context.original as? Refusal == .odd(3))
        let several = try #require(
          await #expect(throws: CompositeError.self) { try await client[...].apply(Self.refuse, 5).value })
        #expect(several.failures.allSatisfy { $0.error as? Refusal == .odd(5) && $0.context?.ename == "Refusal" })
        #expect(several.failures.map(\.engineID) == [0, 1])
        // Of a map with more chunks than its window, too.
        let map = try client.loadBalanced().map(Self.refuse, 0..<20, window: 2)
        let failures = await #expect(throws: CompositeError.self) { try await map.value }?.failures ?? []
        #expect(failures.map { $0.error as? Refusal } == (0..<10).map { .odd(2 * $0 + 1) })
        #expect(failures.allSatisfy { $0.context != nil })
        // The hub keeps it.
        await #expect(throws: Refusal.odd(3)) { try await client.getResult(one.msgIDs, as: Int.self).value }
      }
    }

    @Test func functionsOfEveryShape() async throws {
      try await run(.ipc, engines: 2) { client, _ in
        let view = client.loadBalanced()
        let expected = (0..<7).map { $0 * $0 }
        let exponents = [Int](repeating: 2, count: 7)
        for chunkSize in [1, 3] {
          #expect(try await view.map(Self.power, 0..<7, exponents, chunkSize: chunkSize).value == expected)
        }
        #expect(try await client[...].map(Self.power, 0..<7, exponents).value == expected)
        #expect(try await client[0].map(Self.power, 0..<7, exponents).value == expected)
        let unequal = #expect(throws: ClientError.self) { try view.map(Self.power, 0..<7, [1]) }
        #expect(unequal?.code == .invalidArgument)
        try await view.apply(Self.note, "x").value
        try await client[...].apply(Self.note, "x").value
        try await client[0].apply(Self.note, "x").value
        try await client.broadcast().apply(Self.note, "x").value
        let (low, high) = try await view.apply(Self.extent, (0..<1000).map(Double.init)).value.values
        #expect(low == 0 && high == 999)
        try await client[...].scatter("part", (0..<1000).map(Double.init)).value
        #expect(try await client[...].gather("part", of: Double.self).value == (0..<1000).map(Double.init))
        #expect(try await client[0].pull("part").value.elements?.count == 500)
        #expect(try await client[0].apply(name: "add", args: [1, 2], kwargs: [:], as: Int.self).value == 3)
      }
    }

    @Test func moreNumbersThanAPickleMayHaveValues() async throws {
      try await run(.ipc, engines: 1) { client, _ in
        let numbers = [Int32](repeating: 1, count: 10_000_000) + [2]
        let reversed = try await client[0].apply(Self.reversed, numbers).value
        #expect(reversed.count == numbers.count && reversed.first == 2)
        let error = #expect(throws: ClientError.self) {
          try client[0].apply(name: "reversed", args: [.list(Array(repeating: 1, count: 10_000_000))])
        }
        #expect(error?.code == .invalidArgument && error?.message.contains("[Double]") == true)
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

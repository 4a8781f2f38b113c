import Logging
import MartletClient
import MartletEngine
import MartletTesting
import MartletWire
import Synchronization
import Testing

extension IntegrationTests {
  /// What a function learns from its context.
  @Suite struct EngineContextTests {
    /// A table that counts how often it is decoded.
    private struct Table: Codable, Sendable {
      static let decodings = Mutex(0)

      let numbers: [Int]

      init(from decoder: any Decoder) throws {
        numbers = try [Int](from: decoder)
        Self.decodings.withLock { $0 += 1 }
      }
    }

    private static let sum = RemoteFunction("sum") { () throws -> Int? in
      try EngineContext.current?.cached("table", as: Table.self)?.numbers.reduce(0, +)
    }
    private static let identify = RemoteFunction("identify") { () throws -> [String] in
      let context = try #require(EngineContext.current)
      context.logger.critical("a line of the task's")
      return [context.taskID ?? "", "\(context.attempt)"]
    }
    private static let train = RemoteFunction("train") { (epochs: Int) throws -> Int in
      let context = try #require(EngineContext.current)
      for epoch in 1...epochs { context.progress(Double(epoch) / Double(epochs), "epoch \(epoch)") }
      return epochs
    }
    private static let flaky = RemoteFunction("flaky") { () throws -> Int in
      struct Again: Error {}
      let context = try #require(EngineContext.current)
      let attempt = context.attempt
      context.logger.critical("trying")
      if attempt < 3 { throw Again() }
      return attempt
    }

    @Test func aCachedValueIsDecodedOnce() async throws {
      try await withTestCluster(functions: [Self.sum], engines: 1) { client in
        let engine = client[0]
        let missing = try await engine.apply(Self.sum).value
        #expect(missing == nil)
        try await engine.push(["table": [1, 2, 3]]).value
        #expect(try await engine.map(Self.sum, 5).allSatisfy { $0 == 6 })
        #expect(Table.decodings.withLock { $0 } == 1)
        try await engine.push(["table": [4, 5]]).value
        #expect(try await engine.map(Self.sum, 5).allSatisfy { $0 == 9 })
        #expect(Table.decodings.withLock { $0 } == 2)
        try await client.clear()
        #expect(try await engine.apply(Self.sum).value == nil)
      }
    }

    @Test func whatFunctionsSayAboutTheirProgressArrives() async throws {
      try await withTestCluster(functions: [Self.train], engines: 2) { client in
        // The client's subscription takes a while, so the first calls may say nothing.
        while true {
          let result = try client[...].apply(Self.train, 10_000)
          var last: [Int: ProgressReport] = [:]
          var count = 0
          for await report in result.progressReports {
            #expect(report.fraction >= last[report.task]?.fraction ?? 0)
            last[report.task] = report
            count += 1
          }
          let values = try await result.value
          #expect(values == [10_000, 10_000])
          guard last.count == 2 else { continue }
          #expect(last.values.allSatisfy { $0.fraction == 1 && $0.text == "epoch 10000" })
          // The functions take less than a second.
          #expect(count < 1000)
          #expect(result.output[0].data["progress"]?["text"]?.stringValue == "epoch 10000")
          break
        }
      }
    }

    @Test func aTaskKnowsItsIDAndItsLoggerNamesIt() async throws {
      let recorder = LogRecorder()
      try await withTestCluster(functions: [Self.identify], engines: 1, logger: recorder.logger) { client in
        let result = try client[0].apply(Self.identify)
        let answer = try await result.value
        #expect(answer == [result.msgIDs[0], "1"])
        let line = try #require(recorder.lines.first { $0.message == "a line of the task's" })
        #expect(line["martlet.message.id"] == result.msgIDs[0] && line["martlet.attempt"] == "1")
      }
    }

    @Test func attemptsAreCounted() async throws {
      let recorder = LogRecorder()
      try await withTestCluster(functions: [Self.flaky], logger: recorder.logger) { client in
        var view = client.loadBalanced()
        view.retries = 4
        #expect(try await view.apply(Self.flaky).value == 3)
        let lines = recorder.lines.filter { $0.message == "trying" }
        #expect(lines.map { $0["martlet.attempt"] } == ["1", "2", "3"])
        view.retries = 1
        let failing = try view.apply(Self.flaky)
        await #expect(throws: AttemptsFailed.self) { try await failing.value }
      }
    }
  }
}

extension EngineView {
  /// The results of several calls without arguments.
  fileprivate func map<Output>(_ function: RemoteFunction<Output>, _ count: Int) async throws -> [Output] {
    var outputs: [Output] = []
    for _ in 0..<count { outputs.append(try await apply(function).value) }
    return outputs
  }
}

import Martlet
import Testing

/// Exercises the API available to a program that imports only `Martlet`, on a real cluster.
@Suite(.timeLimit(.minutes(2))) struct EveryCallTests {
  private static let add = RemoteFunction("add") { (a: Int, b: Int) in a + b }
  private static let greet = RemoteFunction("greet") { "hi~" }
  private static let mean = RemoteFunction("mean") { (values: [Double]) -> Double in values.reduce(0, +) }
  private static let double = RemoteFunction("double") { (array: NDArray) -> NDArray in array }
  private static let fail = RemoteFunction("fail") { (text: String) -> Int in text.count }
  private static let say = RemoteFunction("say") { (text: String) in text.isEmpty }
  private static let sleep = RemoteFunction("sleep") { (seconds: Double) in seconds }

  @Test func directViews() async throws {
    try await TestCluster.withClient(engines: 3) { client in
      #expect(client.ids == [0, 1, 2] && client.engines.map(\.id) == [0, 1, 2] && !client.isClosed)
      let everyone = client[...]
      #expect(try await everyone.apply(Self.greet).value == ["hi~", "hi~", "hi~"])
      #expect(try await client[1].apply(Self.add, 2, 3).value == 5)
      #expect(try await client[-1].apply(name: "add", args: [1, 2], as: Int.self).value == 3)
      #expect(try client[[0, 2]].ids == [0, 2])
      #expect(try client[0..<2].ids == [0, 1])
      #expect(try client[0...1].ids == [0, 1])
      #expect(try client.direct(.ids([1])).ids == [1])

      try await everyone.push(["factor": 2.5, "names": ["a", "b"]]).value
      #expect(try await everyone.pull("names", as: [String].self).value == Array(repeating: ["a", "b"], count: 3))
      #expect(try await client[0].pull("factor", as: Double.self).value == 2.5)
      try await everyone.scatter("part", Array(0..<10)).value
      #expect(try await everyone.gather("part", of: Int.self).value == Array(0..<10))
      #expect(try await everyone.map(Self.mean, [[1, 3], [5, 7], [9, 11], [13, 15]]).value == [2, 6, 10, 14])
      #expect(try await everyone.execute("x = 1").count == 3)
      #expect(try await client[2].pull("x", as: Int.self).value == 1)

      let array = try NDArray([1.0, 2, 3, 4], shape: [2, 2])
      #expect(try await client[0].apply(Self.double, array).value.array(of: Double.self) == [2, 4, 6, 8])
      try await everyone.clear()
      try await everyone.abort()
    }
  }

  @Test func loadBalancedViews() async throws {
    try await TestCluster.withClient(engines: 2) { client in
      var view = client.loadBalanced()
      view.retries = 1
      view.label = "sums"
      view.timeout = .seconds(30)
      let sums = try view.map(Self.mean, (0..<20).map { [Double($0)] }, chunkSize: 3)
      var seen: [Int: Double] = [:]
      for try await (index, value) in sums.asCompleted { seen[index] = value }
      #expect(seen == Dictionary(uniqueKeysWithValues: (0..<20).map { ($0, Double($0)) }))
      var inOrder: [Double] = []
      for try await value in try view.map(Self.mean, [[1], [2], [3]]) { inOrder.append(value) }
      #expect(inOrder == [1, 2, 3])
      var streamed: [Double] = []
      for try await value in try view.stream(Self.mean, over: [[1], [2, 8]], window: 4) { streamed.append(value) }
      #expect(streamed == [1, 5])
      let outcomes = try view.stream(Self.mean, over: [[1], [2, 8]], isOrdered: false).outcomes
      #expect(try await outcomes.reduce(into: Set<Double>()) { $0.insert(try $1.outcome.get()) } == [1, 5])
      #expect(sums.progress.isComplete && sums.isDone && sums.progress.fraction == 1)
      #expect(sums.metadata.allSatisfy { $0.status == .ok && $0.label == "sums" && $0.engineID != nil })
      #expect(sums.wallTime != nil)

      view.retry = RetryPolicy(attempts: 3, backoff: .exponential(from: .milliseconds(1))) { $0 is RemoteError }
      let hopeless = await #expect(throws: AttemptsFailed.self) { try await view.apply(Self.fail, "no").value }
      #expect(hopeless?.errors.count == 6 && hopeless?.earlier.count == 5 && hopeless?.context?.evalue == "no")
      view.retry = nil

      let kept = try await view.keep(Self.double, NDArray([1.0, 2], shape: [2])).value
      let twice: AsyncResult<NDArray> = try view.apply(Self.double, kept)
      #expect(try await twice.value.array(of: Double.self) == [4, 8])
      let four = try await client[kept.engine.id].keep(Self.double, kept).value
      #expect(try await four.value.array(of: Double.self) == [4, 8] && four.engine == kept.engine && four.size > 16)

      let first = try view.apply(Self.add, 1, 1)
      view.after = Dependency(first)
      #expect(try await view.apply(Self.add, 2, 2).value == 4)
      view.after = nil
      view.follow = Dependency(first)
      #expect(try await view.apply(Self.add, 3, 3).value == 6)
      #expect(try await client.loadBalanced(targets: .ids([1])).apply(Self.add, 4, 4).value == 8)
    }
  }

  @Test func broadcastViews() async throws {
    try await TestCluster.withClient(engines: 2) { client in
      #expect(try await client.broadcast().apply(Self.add, 1, 2).value == [3, 3])
      #expect(try await client.broadcast(isCoalescing: true).apply(Self.add, 1, 2).value == [3, 3])
      try await client.broadcast().push(["x": 7]).value
      #expect(try await client[...].pull("x", as: Int.self).value == [7, 7])
    }
  }

  /// The engines have these names, so they look for no Python.
  @Test func pythonFunctions() async throws {
    try await TestCluster.withClient(engines: 2) { client in
      let add: PythonFunction<Int, Int, Int> = "add"
      let mean = PythonFunction<[Double], Double>("mean")
      #expect(add.expression == "add" && add.imports.isEmpty)
      let sum = try await client[0].apply(add, 1, 2).value
      #expect(sum == 3)
      #expect(try await client[...].apply(add, 1, 2).value == [3, 3])
      #expect(try await client.loadBalanced().apply(add, 1, 2).value == 3)
      #expect(try await client.broadcast().apply(add, 1, 2).value == [3, 3])
      #expect(try await client[0].apply(python: "add", 1, 2).value == 3)
      #expect(try await client[...].apply(python: "add", 1, 2, as: Int.self).value == [3, 3])
      #expect(try await client.loadBalanced().apply(python: "add", 1, 2, as: Int.self).value == 3)
      #expect(try await client.broadcast().apply(python: "add", 1, 2, as: Int.self).value == [3, 3])
      let items = [[1.0], [2, 2], [3]]
      #expect(try await client[0].map(mean, items).value == [1, 2, 3])
      #expect(try await client[...].map(mean, items).value == [1, 2, 3])
      #expect(try await client.loadBalanced().map(mean, items, chunkSize: 2).value == [1, 2, 3])
      let streamed = try client.loadBalanced().stream(mean, over: items)
      #expect(try await streamed.reduce(into: [Double]()) { $0.append($1) } == [1, 2, 3])
      #expect(try await client[0].map(python: "mean", items, as: Double.self).value == [1, 2, 3])
      #expect(try await client[...].map(python: "mean", items, as: Double.self).value == [1, 2, 3])
      #expect(
        try await client.loadBalanced().map(python: "mean", items, window: 1, as: Double.self).value == [1, 2, 3])
    }
  }

  @Test func executedCode() async throws {
    try await TestCluster.withClient(engines: 2) { client in
      let replies = try await client[...].execute("x = [1, 2]\nx")
      #expect(replies.map { $0.executeResult?.text } == ["[1, 2]", "[1, 2]"])
      #expect(replies.allSatisfy { $0.stdout.isEmpty && $0.stderr.isEmpty && $0.displays.isEmpty })
      let reply: ExecuteReply = try await client[1].execute("y = 3", silent: true)
      #expect(reply.executeResult == nil && reply.output.error == nil)
      let started = try client[0].startExecuting("x")
      _ = try await started.value
      try await started.waitForOutput()
      #expect(try await started.value.executeResult?.description == "[1, 2]")
      #expect(started.displays == [])
      #expect(try await client.broadcast().execute("z = 1").count == 2)
      let failure = await #expect(throws: RemoteError.self) { try await client[0].execute("no_such_name") }
      #expect(failure?.plainTraceback.contains("\u{1B}") == false)
    }
  }

  @Test func outputAndErrors() async throws {
    try await TestCluster.withClient(engines: 2) { client in
      let said = try client[0].apply(Self.say, "hello")
      _ = try await said.value
      #expect(try await said.waitForOutput())
      #expect(said.stdout == "hello\n" && said.stderr.isEmpty)

      let error = try #require(
        await #expect(throws: RemoteError.self) { try await client[1].apply(Self.fail, "no").value })
      #expect(error.evalue == "no" && error.engineID == 1 && !error.ename.isEmpty)
      let several = await #expect(throws: CompositeError.self) { try await client[...].apply(Self.fail, "no").value }
      #expect(several?.failures.map(\.engineID) == [0, 1])
      let failing = try client[...].apply(Self.fail, "no")
      await #expect(throws: CompositeError.self) { try await failing.value }
      let outcomes = try await failing.outcomes
      #expect(outcomes.count == 2)

      let naps = try client.loadBalanced().map(Self.sleep, [0.01, 60, 60, 60, 60, 60])
      naps.cancel()
      try await client.abort(naps, running: true)
      try await client.abort(naps.msgIDs, running: true)
      // A task already running on an engine continues; waiting tasks are aborted.
      await client.close()
      await #expect(throws: (any Error).self) { try await naps.value }
      await #expect(throws: ClientError.self) { try await client[0].apply(Self.greet).value }
    }
  }

  @Test func hubQueries() async throws {
    try await TestCluster.withClient(engines: 1) { client in
      let result = try client.loadBalanced().apply(Self.add, 20, 22)
      #expect(try await result.value == 42)
      let status = try await client.resultStatus(result.msgIDs)
      #expect(status.completed == result.msgIDs && status.pending.isEmpty)
      #expect(try await client.getResult(result.msgIDs, as: Int.self).value == [42])
      let again = try await client.resubmit(result.msgIDs, as: Int.self)
      #expect(try await again.value == [42])
      #expect(try await client.queueStatus().engines[0]?.completed ?? 0 > 0)
      #expect(try await client.hubHistory().contains(result.msgIDs[0]))
      let records = try await client.dbQuery(["msg_id": .string(result.msgIDs[0])], keys: ["msg_id", "completed"])
      #expect(records.map(\.msgID) == result.msgIDs)
      try await client.purgeResults(result.msgIDs)
      #expect(try await client.dbQuery(["msg_id": .string(result.msgIDs[0])]).isEmpty)
      try await client.purgeAllResults()
      #expect(try await client.hubHistory().isEmpty)
    }
  }
}

import Foundation
import InMemoryTracing
import MartletClient
import MartletWire
import Testing
import Tracing

@Suite(
  "Against Python engines", .serialized, .enabled(if: PythonCluster.python != nil), .pythonCluster,
  .timeLimit(.minutes(3)))
struct PythonEngineTests {
  let client: Client
  let cluster: PythonCluster

  init() throws {
    cluster = try #require(PythonCluster.current)
    client = cluster.client
  }

  @Test func callsExpressionsByName() async throws {
    #expect(try await client[0].apply(name: "len", args: [[1, 2, 3]], as: Int.self).value == 3)
    #expect(try await client[...].apply(name: "(lambda x: x * x)", args: [7], as: Int.self).value == [49, 49])
    #expect(try await client[-1].apply(name: "dict", kwargs: [("a", 1)]).value == ["a": 1])
  }

  /// The engine knows nothing of it, and its times are in the trace all the same.
  @Test func callsAreTraced() async throws {
    let tracer = InMemoryTracer()
    let count = try await withTracer(tracer) {
      try await client[0].apply(name: "len", args: [[1, 2, 3]], as: Int.self).value
    }
    #expect(count == 3)
    let spans = tracer.finishedSpans
    #expect(spans.map(\.operationName).sorted() == ["len", "schedule"])
    #expect(spans.first { $0.kind == .client }?.events.map(\.name) == ["started", "completed"])
  }

  @Test func pushesPullsAndExecutes() async throws {
    let view = client[...]
    try await view.push(["a": 5, "b": [1.5, 2.5]]).value
    try await view.execute("c = a + 1")
    #expect(try await view.pull("c", as: Int.self).value == [6, 6])
    #expect(try await client[0].pull(["a", "b"]).value == [5, [1.5, 2.5]])
    #expect(try await client[0].pull("b", as: [Double].self).value == [1.5, 2.5])
  }

  @Test func scattersAndGathers() async throws {
    try await client[...].scatter("part", Array(0..<5)).value
    #expect(try await client[...].pull("part", as: [Int].self).value == [[0, 1, 2], [3, 4]])
    #expect(try await client[...].gather("part", of: Int.self).value == [0, 1, 2, 3, 4])
  }

  @Test func mapsInContiguousChunks() async throws {
    let result = try client[...].map(name: "(lambda x: x * 2)", (0..<9).map { .int($0) }, as: Int.self)
    var elements: [Int] = []
    for try await element in result { elements.append(element) }
    #expect(elements == (0..<9).map { $0 * 2 })
    #expect(result.metadata.map(\.engineID) == client.ids.prefix(2).map { $0 })
  }

  @Test func exchangesArrays() async throws {
    try await client[0].execute("import numpy")
    let array = try NDArray((0..<4096).map(Double.init), shape: [64, 64])
    let doubled = try await client[0].apply(name: "(lambda a: a * 2)", args: [.array(array)], as: NDArray.self).value
    #expect(doubled.shape == [64, 64])
    #expect(try doubled.array(of: Double.self).last == 8190)
    try await client[...].scatter("rows", array).value
    let shapes = try await client[...].apply(name: "(lambda a: a.shape)", args: [.reference("rows")]).value
    #expect(shapes == [.tuple([32, 64]), .tuple([32, 64])])
  }

  @Test func reportsWhatPythonRaised() async throws {
    let error = await #expect(throws: RemoteError.self) {
      try await client[0].apply(name: "(lambda: 1 / 0)").value
    }
    #expect(error?.ename == "ZeroDivisionError")
    #expect(error?.engineID == client.ids[0])
    #expect(error?.traceback.isEmpty == false)
    let composite = await #expect(throws: CompositeError.self) {
      try await client[...].pull("no_such_name").value
    }
    #expect(composite?.failures.map(\.engineID) == client.ids.map { $0 })
    let wrong = await #expect(throws: ClientError.self) {
      try await client[0].apply(name: "len", args: ["four"], as: String.self).value
    }
    #expect(wrong?.code == .wrongResultType)
  }

  @Test func collectsOutput() async throws {
    let result = try client[0].startExecuting("for i in range(3): print('line', i)\n41 + 1")
    var lines: [String] = []
    for await line in result.streamOutput() { lines.append(line.text) }
    _ = try await result.value
    #expect(try await result.waitForOutput())
    #expect(lines.prefix(3) == ["line 0", "line 1", "line 2"])
    #expect(result.stdout.hasPrefix("line 0\nline 1\nline 2\n"))
    #expect(result.output[0].executeResult?.text == "42")
  }

  @Test func balancesLoad() async throws {
    let view = client.loadBalanced()
    let square = "(lambda x: x * x)"
    #expect(try await view.apply(name: square, args: [12], as: Int.self).value == 144)
    let result = try view.map(name: square, (0..<20).map { .int($0) }, chunkSize: 3, window: 2, as: Int.self)
    var squares = [Int](repeating: -1, count: 20)
    for try await (index, element) in result.asCompleted { squares[index] = element }
    #expect(squares == (0..<20).map { $0 * $0 })
    #expect(result.progress.done == 7 && result.progress.total == 7)
    var dependent = client.loadBalanced()
    dependent.after = Dependency(result)
    #expect(try await dependent.apply(name: "len", args: ["abc"], as: Int.self).value == 3)
    let failing = try view.apply(name: "(lambda: 1 / 0)")
    _ = try await failing.outcomes
    dependent.after = Dependency(failing)
    let impossible = await #expect(throws: RemoteError.self) {
      try await dependent.apply(name: "len", args: ["abc"]).value
    }
    #expect(impossible?.ename == "ImpossibleDependency")
  }

  @Test func valuesStayOnEngines() async throws {
    let range = PythonFunction<Int, [Int]>("lambda n: list(range(n))")
    let sum = PythonFunction<[Int], Int>("sum")
    let ids = Array(client.ids.prefix(2))
    var name = ""
    do {
      let numbers = try await client[ids[1]].keep(range, 1_000).value
      name = numbers.name
      #expect(numbers.engine.id == ids[1] && numbers.size > 1_000)
      let balanced = try client.loadBalanced().apply(sum, numbers)
      let value = try await balanced.value
      #expect(value == 499_500 && balanced.metadata[0].engineID == ids[1])
      // Needed elsewhere, it is moved there.
      let moved = try await client[ids[0]].apply(sum, numbers).value
      #expect(moved == 499_500)
      let whole = try await numbers.value
      #expect(whole == Array(0..<1_000))
    }
    for id in ids {
      while try await client[id].apply(python: "lambda name: name in globals()", name, as: Bool.self).value {
        await Task.yield()
      }
    }
  }

  @Test func mapsAndStreamsHaveArgumentsInCommon() async throws {
    let range = PythonFunction<Int, [Int]>("lambda n: list(range(n))")
    let scale = PythonFunction<Int, [Int], Int, Int>("lambda x, numbers, factor: x * sum(numbers) * factor")
    let expected = (0..<20).map { $0 * 6 * 5 }
    let view = client.loadBalanced()
    // One engine has the first, both have the second.
    let kept = try await client[1].keep(range, 4).value
    let shared = try await client.broadcast([1, 2, 3])
    for chunkSize in [1, 3] {
      #expect(try await view.map(scale, 0..<20, with: kept, 5, chunkSize: chunkSize).value == expected)
      #expect(try await view.map(scale, 0..<20, with: shared, 5, chunkSize: chunkSize).value == expected)
      #expect(try await view.map(scale, 0..<20, with: [6], 5, chunkSize: chunkSize).value == expected)
    }
    for view in [client[...], client.direct(.ids([client.ids[0]]))] {
      #expect(try await view.map(scale, 0..<20, with: kept, 5).value == expected)
      #expect(try await view.map(scale, 0..<20, with: shared, 5).value == expected)
    }
    for isOrdered in [true, false] {
      var results: [Int] = []
      for try await result in try view.stream(scale, over: 0..<20, with: kept, 5, isOrdered: isOrdered) {
        results.append(result)
      }
      for try await result in try view.stream(scale, over: 0..<20, with: shared, 5, isOrdered: isOrdered) {
        results.append(result)
      }
      #expect(results.sorted() == (expected + expected).sorted())
    }
    shared.release()
  }

  @Test func failedTasksAreTriedAgain() async throws {
    let code = "globals().__setitem__('tries', globals().get('tries', 0) + 1) or 1 // max(0, globals()['tries'] - 2)"
    for isBalanced in [false, true] {
      try await client[...].execute("tries = 0")
      var (engine, balanced) = (client[0], client.loadBalanced(targets: .ids([client.ids[0]])))
      let policy = RetryPolicy(attempts: 3, backoff: .exponential(from: .milliseconds(1))) {
        ($0 as? RemoteError)?.ename == "ZeroDivisionError"
      }
      (engine.retry, balanced.retry) = (policy, policy)
      let name = "(lambda: \(code))"
      let result =
        isBalanced ? try balanced.apply(name: name, as: Int.self) : try engine.apply(name: name, as: Int.self)
      #expect(try await result.value == 1)
      #expect(try await client[0].pull("tries", as: Int.self).value == 3)
      try await client[0].execute("tries = -9")
      let error = await #expect(throws: AttemptsFailed.self) { try await balanced.apply(name: name).value }
      #expect(
        error?.errors.compactMap { ($0 as? RemoteError)?.ename } == Array(repeating: "ZeroDivisionError", count: 3))
    }
  }

  @Test(arguments: [false, true]) func broadcasts(isCoalescing: Bool) async throws {
    try await client[...].execute("import os")
    let view = client.broadcast(isCoalescing: isCoalescing)
    let pids = try await view.apply(name: "os.getpid", as: Int.self).value
    #expect(pids == (try await client[...].apply(name: "os.getpid", as: Int.self).value))
    try await view.push(["shared": 3]).value
    #expect(try await client[...].pull("shared", as: Int.self).value == [3, 3])
  }

  @Test func abortsWhatHasNotRun() async throws {
    try await client[0].execute("import time, threading; gate = threading.Event()")
    let running = try client[0].apply(name: "(lambda: time.sleep(1))")
    let waiting = try client[0].apply(name: "len", args: ["never"])
    try await client.abort(waiting)
    await #expect(throws: TaskAborted.self) { try await waiting.value }
    _ = try await running.value
  }

  @Test func cancellingTheWaiterAborts() async throws {
    try await client[0].execute("import time")
    let running = try client[0].apply(name: "(lambda: time.sleep(1))")
    let waiting = try client[0].apply(name: "len", args: ["never"])
    let task = Task { try await waiting.value }
    task.cancel()
    await #expect(throws: (any Error).self) { try await task.value }
    _ = try await running.value
    await #expect(throws: TaskAborted.self) { try await waiting.value }
  }

  @Test func asksTheHub() async throws {
    let result = try client[0].apply(name: "len", args: ["hub"], as: Int.self)
    #expect(try await result.value == 3)
    let id = try #require(result.msgIDs.first)
    #expect(try await client.getResult([id], as: Int.self).value == [3])
    #expect(try await client.resultStatus([id]).completed == [id])
    #expect(try await client.hubHistory().contains(id))
    let records = try await client.dbQuery(["msg_id": .string(id)], keys: ["completed", "result_buffers"])
    #expect(records.map(\.msgID) == [id])
    #expect(records.first?.resultBuffers.isEmpty == false)
    let status = try await client.queueStatus()
    #expect(Set(status.engines.keys) == Set(client.ids))
    try await client.purgeResults([id])
    let error = await #expect(throws: ClientError.self) { try await client.resultStatus(["nonsense"]) }
    #expect(error?.code == .hubError)
  }

  @Test func losesAKilledEngine() async throws {
    let engine = try cluster.startEngine()
    try await client.waitForEngines(3)
    let id = try #require(client.ids.last)
    try await client[id].execute("import time, os")
    let result = try client[id].apply(name: "(lambda: time.sleep(60))")
    kill(engine.processIdentifier, SIGKILL)
    engine.waitUntilExit()
    let error = await #expect(throws: EngineError.self) { try await result.value }
    #expect(error?.engineID == id)
    #expect(!client.ids.contains(id))
    #expect(throws: ClientError.self) { try client[id].apply(name: "len", args: [""]) }
  }
}

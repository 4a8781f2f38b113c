import MartletClient
import MartletWire
import MartletZeroMQ
import Testing

@Suite(
  "Python code", .serialized, .enabled(if: PythonCluster.python != nil), .pythonCluster, .timeLimit(.minutes(3)))
struct PythonCodeTests {
  let client: Client

  init() throws { client = try #require(PythonCluster.current).client }

  // MARK: - Executing

  @Test func executedCodeGivesAllItPrintedAndDisplayed() async throws {
    let engine = client[0]
    try await engine.execute("import sys; from IPython.display import display, HTML, update_display")
    let reply = try await engine.execute(
      """
      print("out"); print("err", file=sys.stderr)
      display(HTML("<b>1</b>"), display_id="d")
      display({"a": 1})
      update_display(HTML("<b>2</b>"), display_id="d")
      6 * 7
      """)
    #expect(reply.stdout == "out\n" && reply.stderr == "err\n")
    #expect(reply.displays.map(\.html) == ["<b>2</b>", nil])
    #expect(reply.displays.map(\.text) == ["<IPython.core.display.HTML object>", "{'a': 1}"])
    #expect(reply.executeResult?.text == "42")
    let next = try await engine.execute("None")
    #expect(next.executionCount == reply.executionCount.map { $0 + 1 } && next.executeResult == nil)
    let silent = try await engine.execute("43", silent: true)
    #expect(silent.executeResult == nil)
  }

  @Test func everyEngineExecutes() async throws {
    let replies = try await client[...].execute("import os; print(os.getpid()); os.getpid()")
    #expect(Set(replies.map(\.stdout)).count == 2)
    #expect(replies.allSatisfy { $0.stdout == "\($0.executeResult?.text ?? "")\n" })
    let broadcast = try await client.broadcast().execute("print('all')")
    #expect(broadcast.map(\.stdout) == ["all\n", "all\n"])
  }

  @Test func failingCodeThrowsPythonsError() async throws {
    let started = try client[0].startExecuting("print('before')\n1 / 0")
    let error = try #require(await #expect(throws: RemoteError.self) { try await started.value })
    #expect(error.ename == "ZeroDivisionError" && error.evalue == "division by zero")
    #expect(error.engineID == client.ids[0])
    #expect(error.plainTraceback.contains("ZeroDivisionError: division by zero"))
    #expect(!error.plainTraceback.contains("\u{1B}"))
    try await started.waitForOutput()
    #expect(started.stdout == "before\n" && started.output[0].error?.ename == "ZeroDivisionError")
    await #expect(throws: CompositeError.self) { try await client[...].execute("1 / 0") }
  }

  @Test func figuresArriveAsImages() async throws {
    let reply = try await client[0].execute(
      "class Figure:\n  def _repr_png_(self): return bytes([137, 80, 78, 71])\nFigure()")
    #expect(reply.executeResult?.png?.array == [137, 80, 78, 71])
  }

  // MARK: - Functions

  @Test func callsFunctionsInAllViews() async throws {
    let square: PythonFunction<Int, Int> = "lambda x: x ** 2"
    #expect(try await client[0].apply(square, 7).value == 49)
    #expect(try await client[...].apply(square, 7).value == [49, 49])
    #expect(try await client.loadBalanced().apply(square, 7).value == 49)
    #expect(try await client.broadcast().apply(square, 7).value == [49, 49])
    let squares = (0..<32).map { $0 * $0 }
    #expect(try await client[0].map(square, 0..<32).value == squares)
    #expect(try await client[...].map(square, 0..<32).value == squares)
    #expect(try await client.loadBalanced().map(square, 0..<32).value == squares)
    #expect(try await client.loadBalanced().map(square, 0..<32, chunkSize: 5).value == squares)
    #expect(try await client.loadBalanced().map(python: "lambda x: x ** 2", 0..<32, as: Int.self).value == squares)
  }

  @Test func argumentsAndResultsAreCodable() async throws {
    struct Point: Codable, Sendable, Equatable {
      var x: Double
      var name: String
    }
    let moved = try await client[0].apply(
      python: "lambda p, by: dict(p, x=p['x'] + by)", Point(x: 1, name: "p"), 0.5, as: Point.self
    ).value
    #expect(moved == Point(x: 1.5, name: "p"))
    try await client[...].push(["a": 5]).value
    #expect(try await client[...].apply(python: "lambda n: n + a", 1, as: Int.self).value == [6, 6])
    #expect(try await client[0].apply(python: "str", PickleValue.reference("a"), as: String.self).value == "5")
    #expect(try await client[0].apply(python: "lambda: None").value == .none)
    #expect(try await client[0].pull("a * 2", as: Int.self).value == 10)
  }

  @Test func functionsImportTheirModules() async throws {
    try await client[...].execute("for name in ['math', 'op']: globals().pop(name, None)")
    let root = PythonFunction<Double, Double>("math.sqrt", imports: "math", "operator as op", "os.path")
    #expect(try await client[...].apply(root, 2.25).value == [1.5, 1.5])
    #expect(try await client.loadBalanced().map(root, [1, 4]).value == [1, 2])
    #expect(try await client[0].apply(python: "lambda: op.add(1, len(os.path.sep))", as: Int.self).value == 2)
  }

  @Test func errorsSayWhatToDo() async throws {
    let missing = await #expect(throws: RemoteError.self) {
      try await client[0].apply(python: "fractions.Fraction", 1).value
    }
    #expect(missing?.ename == "NameError")
    #expect(missing?.description.contains("try await view.execute(\"import fractions\")") == true)
    let statement = await #expect(throws: RemoteError.self) { try await client[0].apply(python: "a = 1").value }
    #expect(statement?.ename == "SyntaxError")
  }

  // MARK: - Interrupting

  /// Executes code that prints a line and goes on for a minute; returns when the line has arrived.
  private func startLongTask() async throws -> AsyncResult<ExecuteReply> {
    let running = try client[0].startExecuting("import time; print('started', flush=True); time.sleep(60)")
    for await line in running.streamOutput() where line.text == "started" { return running }
    return running
  }

  @Test func aSignalInterruptsWhatRuns() async throws {
    let running = try await startLongTask()
    try await client.sendSignal(.interrupt, to: .ids([client.ids[0]]))
    let error = await #expect(throws: RemoteError.self) { try await running.value }
    #expect(error?.ename == "KeyboardInterrupt")
    #expect(try await client[0].apply(python: "len", "abc", as: Int.self).value == 3)
  }

  @Test(.enabled(if: PythonCluster.hasMartletEngines)) func cancellingInterruptsWhatRunsAndNothingElse() async throws {
    let running = try await startLongTask()
    let queued = try client[0].apply(python: "len", "never", as: Int.self)
    let other = try client[0].apply(python: "len", "abc", as: Int.self)
    queued.cancel(running: true)
    await #expect(throws: TaskAborted.self) { try await queued.value }
    running.cancel()
    #expect(try await running.wait(timeout: .zero) == false)
    running.cancel(running: true)
    let error = await #expect(throws: RemoteError.self) { try await running.value }
    #expect(error?.ename == "KeyboardInterrupt")
    #expect(try await other.value == 3)
  }

  /// Another thread gets the signal, which cuts no system call short: as if it struck just before the call.
  @Test(.enabled(if: PythonCluster.hasMartletEngines)) func aSignalThatPythonHasNotSeenInterruptsWhatRuns() async throws
  {
    let running = try client[0].startExecuting(
      """
      import signal, threading, time
      threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
      signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
      try:
        print('started', flush=True)
        time.sleep(60)
      finally: signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
      """)
    for await line in running.streamOutput() where line.text == "started" { break }
    running.cancel(running: true)
    let error = await #expect(throws: RemoteError.self) { try await running.value }
    #expect(error?.ename == "KeyboardInterrupt")
  }

  @Test(.enabled(if: PythonCluster.hasMartletEngines)) func aDeadlineInterruptsWhatRuns() async throws {
    let running = try await startLongTask()
    let error = await #expect(throws: ClientError.self) { try await running.value(cancellingAfter: .milliseconds(10)) }
    #expect(error?.code == .timeout)
    let interrupted = await #expect(throws: RemoteError.self) { try await running.value }
    #expect(interrupted?.ename == "KeyboardInterrupt")
  }
}

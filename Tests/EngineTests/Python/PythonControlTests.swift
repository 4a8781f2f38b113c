import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

/// Interrupts, signals and ends while Python computes.
@Suite(.timeLimit(.minutes(2)), .enabled(if: PythonEngine.isAvailable)) struct PythonControlTests {
  /// Code that holds the interpreter's lock in C for a while, in milliseconds.
  private func holdLock(_ milliseconds: Int) -> String {
    "import ctypes; ctypes.PyDLL(None).usleep(\(milliseconds * 1_000))"
  }

  /// Sends code and waits until it runs, or until it has displayed something.
  private func start(
    _ code: String, on controller: FakeController, until type: String = MessageType.executeInput
  ) async throws -> String {
    try await controller.waitForIOPub()
    let id = try await controller.send(.mux, MessageType.executeRequest, content: ["code": .string(code)])
    while true {
      let (_, message) = try await controller.publication()
      if try message.parentID() == id, message.header.messageType == type { return id }
    }
  }

  @Test func heartAndControlAnswerWhilePythonHoldsItsLock() async throws {
    try await PythonEngine.run { controller in
      let id = try await start(holdLock(1_500), on: controller)
      let queued = try await controller.send(.mux, MessageType.executeRequest, content: ["code": "1 + 1"])
      #expect(try await controller.beat("1.0").frames == ["1.0"])
      try await controller.send(.control, MessageType.abortRequest, content: ["msg_ids": [.string(queued)]])
      #expect(try await controller.receive(.control).content() == ["status": "ok"])
      let aborted = try await controller.receive(.mux)
      #expect(try aborted.parentID() == queued)
      #expect(try aborted.content()["status"] == "aborted")
      let reply = try await controller.receive(.mux)
      #expect(try reply.parentID() == id)
      #expect(try reply.content()["status"] == "ok")
    }
  }

  @Test func anAbortInterruptsTheRunningRequest() async throws {
    try await PythonEngine.run { controller in
      let id = try await start("import time; time.sleep(600)", on: controller)
      try await controller.send(.control, MessageType.abortRequest, content: ["msg_ids": [.string(id)]])
      #expect(try await controller.receive(.control).content() == ["status": "ok"])
      let reply = try await controller.receive(.mux)
      #expect(try reply.parentID() == id)
      #expect(try reply.content()["ename"] == "KeyboardInterrupt")
      #expect(try await controller.pull("2 + 3") == 5)
    }
  }

  @Test(arguments: [.int(Int(SIGINT)), "SIGINT"] as [JSONValue])
  func aSignalRequestInterrupts(signal: JSONValue) async throws {
    try await PythonEngine.run { controller in
      _ = try await start("import time; time.sleep(600)", on: controller)
      try await controller.send(.control, MessageType.signalRequest, content: ["sig": signal])
      let answer = try await controller.receive(.control)
      #expect(answer.header.messageType == MessageType.signalReply)
      #expect(try answer.content() == ["status": "ok"])
      #expect(try await controller.receive(.mux).content()["ename"] == "KeyboardInterrupt")
      // Nothing runs: nothing happens.
      try await controller.send(.control, MessageType.signalRequest, content: ["sig": signal])
      #expect(try await controller.receive(.control).content() == ["status": "ok"])
      #expect(try await controller.pull("2 + 3") == 5)
    }
  }

  @Test func otherSignalsReachThePythonProcess() async throws {
    try await PythonEngine.run { controller in
      // The handler does not raise: that would be ignored if the signal came during a callback of Python's own.
      try await controller.succeed(
        "import signal, time\ncame = []\nsignal.signal(signal.SIGUSR1, lambda number, frame: came.append(number))")
      _ = try await start("while not came: time.sleep(0.01)\nraise RuntimeError(came)", on: controller)
      try await controller.send(.control, MessageType.signalRequest, content: ["sig": "SIGUSR1"])
      #expect(try await controller.receive(.control).content() == ["status": "ok"])
      #expect(try await controller.receive(.mux).content()["ename"] == "RuntimeError")
      for signal in ["SIGNOTHING", -1, 4_000, .null] as [JSONValue] {
        try await controller.send(.control, MessageType.signalRequest, content: ["sig": signal])
        #expect(try await controller.receive(.control).content()["status"] == "error")
      }
    }
  }

  /// After the engine's time of grace, or the one of who aborts it, also if that is the second.
  @Test(arguments: [nil, 0.25, 0.5] as [Double?]) func whoeverIgnoresInterruptsIsKilled(grace: Double?) async throws {
    await expectLoss(grace: grace == nil ? .milliseconds(300) : .seconds(3600)) { controller in
      let stubborn = """
        import time
        from IPython.display import display
        while True:
            try:
                display('started')
                time.sleep(600)
            except KeyboardInterrupt:
                pass
        """
      let id = try await start(stubborn, on: controller, until: MessageType.displayData)
      for grace in grace == 0.5 ? [nil, grace] : [grace] {
        var content: [String: JSONValue] = ["msg_ids": [.string(id)]]
        if let grace { content["stop_grace"] = .double(grace) }
        try await controller.send(.control, MessageType.abortRequest, content: .object(content))
        #expect(try await controller.receive(.control).content() == ["status": "ok"])
      }
      let content = try await controller.receive(.mux).content()
      #expect(content["ename"] == "EngineError")
      #expect(content["evalue"]?.stringValue?.contains("went on for \(grace ?? 0.3) seconds") == true)
    }
  }

  @Test(arguments: [("import os; os._exit(3)", "status 3"), ("import ctypes; ctypes.string_at(0)", "SIGSEGV")])
  func theEndOfPythonIsItsTasksErrorAndTheEnginesEnd(code: String, reason: String) async throws {
    await expectLoss { controller in
      let content = try await controller.execute(code)
      #expect(content["ename"] == "EngineError")
      #expect(content["evalue"]?.stringValue?.contains("engine 3") == true)
      #expect(content["evalue"]?.stringValue?.contains(reason) == true, "\(content)")
    }
  }

  @Test func theEndOfAnIdlePythonIsTheEnginesEnd() async throws {
    await expectLoss { controller in
      guard case .int(let pid) = try await controller.pull("__import__('os').getpid()") else { return }
      kill(pid_t(pid), SIGKILL)
    }
  }

  @Test func aShutdownDoesNotWaitForPython() async throws {
    try await PythonEngine.run { controller in
      _ = try await start(holdLock(60_000), on: controller)
      try await controller.send(.control, MessageType.shutdownRequest)
      #expect(try await controller.receive(.control).content()["status"] == "ok")
    }
  }

  @Test func thePythonProcessEndsWithTheEngine() async throws {
    for code in ["pass", "import time; time.sleep(600)"] {
      var pid = 0
      try await PythonEngine.run { controller in
        guard case .int(let number) = try await controller.pull("__import__('os').getpid()") else { return }
        pid = number
        _ = try await start(code, on: controller)
      }
      try #require(pid > 0)
      let deadline = ContinuousClock.now + .seconds(20)
      while kill(pid_t(pid), 0) == 0 {
        try #require(ContinuousClock.now < deadline, "Python outlives its engine")
        try await Task.sleep(for: .milliseconds(5))
      }
    }
  }

  /// Runs an engine that ends because its Python does.
  private func expectLoss(
    grace: Duration = .seconds(5), _ body: (FakeController) async throws -> Void
  ) async {
    let error = await #expect(throws: EngineRunError.self) {
      let controller = try FakeController()
      var configuration = EngineConfiguration(connection: controller.connection, uuid: "engine-uuid")
      configuration.captureOutput = false
      configuration.python = PythonEngine.configuration(grace: grace)
      let engine = try Engine(configuration: configuration, functions: PythonEngine.functions, logger: .silent)
      async let running: Void = engine.run()
      try await controller.register(id: 3)
      try await body(controller)
      let departure = try await controller.receive(.registration)
      #expect(departure.header.messageType == MessageType.unregistrationRequest)
      do {
        try await running
      } catch {
        await controller.stop()
        throw error
      }
    }
    #expect(error?.code == .pythonDied)
  }
}

import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

/// One engine that runs Swift and Python.
@Suite(.timeLimit(.minutes(2)), .enabled(if: PythonEngine.isAvailable)) struct PythonEngineTests {
  @Test func callsAPythonFunctionByName() async throws {
    try await PythonEngine.run { controller in
      #expect(try await controller.result("add", 2, 3) == 5)
      try await controller.succeed("import math")
      #expect(try await controller.result("math.sqrt", 16) == .float(4))
      #expect(try await controller.result("len", [1, 2]) == 2)
      let failed = try await controller.call("no_such_function")
      #expect(try failed.content()["ename"] == "NameError")
      #expect(try failed.metadata()["status"] == "error")
      #expect(try failed.metadata()["engine_info"]?["engine_id"] == 3)
    }
  }

  @Test func swiftAlonePaysNothing() async throws {
    try await PythonEngine.run(PythonConfiguration(interpreter: "/no/such/python")) { controller in
      #expect(try await controller.result("add", 2, 3) == 5)
      try await controller.push([("a", 1)])
      #expect(try await controller.pull("a") == 1)
      try await controller.succeed("b = [a, 'x']")
      #expect(try await controller.pull("b") == [1, "x"])
    }
  }

  @Test func namesAreShared() async throws {
    try await PythonEngine.run { controller in
      // Set before Python starts.
      try await controller.push([("pushed", 1), ("gone", 2)])
      #expect(try await controller.result("write", "written", 2) == true)
      #expect(try await controller.result("forget", "gone") == true)
      try await controller.succeed("import sys; total = pushed + written")
      #expect(try await controller.pull("total") == 3)
      #expect(try await controller.execute("gone")["ename"] == "NameError")
      // Python to Swift.
      #expect(try await controller.result("read", "total") == 3)
      #expect(try await controller.result("add", .reference("total"), 1) == 4)
      #expect(try await controller.result("read", "unknown") == PickleValue.none)
      // Swift to Python, while Python runs.
      #expect(try await controller.result("write", "total", 10) == true)
      #expect(try await controller.pull("total + 1") == 11)
      try await controller.succeed("total += 5")
      #expect(try await controller.result("read", "total") == 15)
      #expect(try await controller.result("forget", "total") == true)
      #expect(try await controller.execute("total")["ename"] == "NameError")
      try await controller.push([("total", 7)])
      #expect(try await controller.result("read", "total") == 7)
    }
  }

  @Test func clearingEmptiesBothSides() async throws {
    try await PythonEngine.run { controller in
      try await controller.succeed("import os; a = os.getpid() > 0")
      #expect(try await controller.result("write", "b", 1) == true)
      try await controller.send(.control, MessageType.clearRequest)
      #expect(try await controller.receive(.control).content()["status"] == "ok")
      #expect(try await controller.execute("a")["ename"] == "NameError")
      #expect(try await controller.execute("b")["ename"] == "NameError")
      #expect(try await controller.result("read", "a") == PickleValue.none)
    }
  }

  @Test func whatOnlyPythonCanHoldIsAnErrorInSwift() async throws {
    try await PythonEngine.run { controller in
      try await controller.succeed("import threading; lock = threading.Lock(); text = 'no number'")
      let lock = try await controller.call("read", "lock").content()
      #expect(lock["status"] == "error")
      #expect(lock["evalue"]?.stringValue?.contains("lock") == true, "\(lock)")
      #expect(try await controller.call("read", "text").content()["status"] == "error")
    }
  }

  @Test func swiftMapsOverPythonsValues() async throws {
    try await PythonEngine.run { controller in
      try await controller.succeed("numbers = [n * n for n in range(4)]")
      #expect(
        try await controller.result(
          BuiltinFunction.map.rawValue, .reference("add"), .reference("numbers"), [1, 1, 1, 1]) == [1, 2, 5, 10])
      try await controller.succeed("def double(n): return 2 * n")
      #expect(try await controller.result(BuiltinFunction.map.rawValue, .reference("double"), [1, 2]) == [2, 4])
    }
  }

  @Test func aThousandMixedCalls() async throws {
    try await PythonEngine.run { controller in
      try await controller.succeed(
        "counter = 0\ndef count(n):\n    global counter\n    counter += n\n    return counter")
      for index in 0..<500 {
        #expect(try await controller.result("add", .int(index), 1) == .int(index + 1))
        #expect(try await controller.result("count", 1) == .int(index + 1))
      }
      #expect(try await controller.result("read", "counter") == 500)
    }
  }

  @Test func otherRequestsOfJupyterAreAnswered() async throws {
    try await PythonEngine.run { controller in
      try await controller.send(.mux, MessageType.completeRequest, content: ["code": "impor", "cursor_pos": 5])
      let reply = try await controller.receive(.mux)
      #expect(reply.header.messageType == "complete_reply")
      #expect(try reply.content()["matches"]?.arrayValue?.contains("import") == true)
      try await controller.send(.mux, MessageType.isCompleteRequest, content: ["code": "def f():"])
      #expect(try await controller.receive(.mux).content()["status"] == "incomplete")
    }
  }
}

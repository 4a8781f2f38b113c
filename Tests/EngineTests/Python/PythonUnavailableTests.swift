import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

/// Engines whose Python can't be used.
@Suite(.timeLimit(.minutes(2))) struct PythonUnavailableTests {
  private let lambda = ApplyCall.pack(
    functionFrames: ResultBuffers.serialize(.global(module: "math", name: "sqrt")), args: [4])

  @Test(arguments: ["/no/such/python", "/bin/echo", "/bin/cat", "/bin/false"])
  func theErrorSaysWhatWasTried(interpreter: String) async throws {
    try await PythonEngine.run(PythonConfiguration(interpreter: interpreter)) { controller in
      for _ in 0..<2 {
        try await controller.send(.mux, MessageType.applyRequest, buffers: lambda)
        let content = try await controller.receive(.mux).content()
        #expect(content["ename"] == "PythonUnavailable")
        let text = content["evalue"]?.stringValue ?? ""
        #expect(text.contains("--python=\(interpreter)") && text.contains("pip install ipyparallel"), "\(text)")
      }
      let unknown = try await controller.call("missing").content()
      #expect(unknown["ename"] == "NameError")
      #expect(unknown["evalue"]?.stringValue?.contains("add(Int, Int) -> Int") == true)
      // Swift goes on, with all names.
      try await controller.push([("a", 1)])
      #expect(try await controller.result("add", .reference("a"), 1) == 2)
    }
  }

  @Test func startingEarlyIsNoErrorEither() async throws {
    for configuration in [
      PythonConfiguration(interpreter: "/bin/false", start: .eager),
      PythonConfiguration(interpreter: "/no/such/python", startup: PythonStartup(lines: ["a = 1"])),
    ] {
      try await PythonEngine.run(configuration) { controller in
        try await controller.push([("a", 1)])
        #expect(try await controller.result("add", .reference("a"), 1) == 2)
        #expect(try await controller.execute("import os")["ename"] == "PythonUnavailable")
      }
    }
  }

  @Test(.enabled(if: PythonEngine.isAvailable)) func aPythonWithoutPackagesSaysWhatIsMissing() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bare-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let maker = Process()
    maker.executableURL = URL(fileURLWithPath: try #require(PythonEngine.interpreter))
    maker.arguments = ["-m", "venv", "--without-pip", folder.path]
    try maker.run()
    maker.waitUntilExit()
    let interpreter = folder.appendingPathComponent("bin/python").path
    try await PythonEngine.run(PythonConfiguration(interpreter: interpreter)) { controller in
      let text = try await controller.execute("import os")["evalue"]?.stringValue ?? ""
      #expect(text.contains("ipyparallel") && text.contains(interpreter), "\(text)")
    }
  }

  @Test(.enabled(if: PythonEngine.isAvailable)) func codeForTheStartRunsFirst() async throws {
    var configuration = PythonEngine.configuration()
    configuration.startup.lines = ["answer = 42"]
    try await PythonEngine.run(configuration) { controller in
      let answer = try await controller.pull("answer")
      #expect(answer == 42)
      #expect(try await controller.result("read", "answer") == 42)
    }
  }

  /// They may be meant for others, so Python starts when somebody asks for a name that they may have set.
  @Test(.enabled(if: PythonEngine.isAvailable)) func filesOfTheProfileRunWhenTheirNamesAreNeeded() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("startup-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("10-answer.py")
    try "answer = 42".write(to: file, atomically: true, encoding: .utf8)
    var configuration = PythonEngine.configuration()
    configuration.startup.profileFiles = [file.path]
    try await PythonEngine.run(configuration) { controller in
      #expect(try await controller.result("add", 1, 1) == 2)
      let answer = try await controller.pull("answer")
      #expect(answer == 42)
    }
  }

  @Test func filesOfTheProfileAreNoErrorWithoutPython() async throws {
    let configuration = PythonConfiguration(
      interpreter: "/no/such/python", startup: PythonStartup(profileFiles: ["/no/such/file.py"]))
    try await PythonEngine.run(configuration) { controller in
      try await controller.push([("a", 1)])
      #expect(try await controller.result("add", .reference("a"), 1) == 2)
      #expect(try await controller.execute("b = 2")["status"] == "ok")
    }
  }
}

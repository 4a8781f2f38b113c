import Testing

@testable import Martlet
@testable import MartletCluster

@Suite struct ProgramOptionsTests {
  @Test func takesItsOwnAndLeavesTheRest() throws {
    let options = try ProgramOptions(["--engines", "3", "file.txt", "--verbose", "--", "--engines", "9"])
    #expect(options.engines == 3)
    #expect(options.arguments == ["file.txt", "--verbose", "--engines", "9"])
    #expect(try options.connectionFile() == nil)
  }

  @Test func takesOptionsForItsEngines() throws {
    let options = try ProgramOptions(
      ["--python", "/opt/python", "--python-start=eager", "--no-python", "--restart-engines", "file"])
    #expect(options.python.engineArguments == ["--python=/opt/python", "--no-python", "--python-start=eager"])
    #expect(options.python.controllerArguments == ["--python=/opt/python", "--no-python"])
    #expect(options.restartsEngines && options.arguments == ["file"])
    let plain = try ProgramOptions(["--", "--no-python", "--restart-engines"])
    #expect(plain.python == PythonOptions() && !plain.restartsEngines)
  }

  @Test func joinsClusters() throws {
    #expect(try ProgramOptions(["--connection-file=/f"]).connectionFile()?.path == "/f")
    let options = try ProgramOptions(["--profile-dir=/p", "--cluster-id=c"])
    #expect(try options.connectionFile()?.path == "/p/security/ipcontroller-c-client.json")
    #expect(options.ssh == nil)
    #expect(try ProgramOptions(["--profile-dir=/p", "--ssh", "me@login"]).ssh == "me@login")
  }

  @Test(arguments: [
    ["--engines"], ["--engines=0"], ["--engines=x"], ["--profile"], ["--python"], ["--python-start=soon"],
  ])
  func refusesBadValues(arguments: [String]) {
    #expect(throws: OptionError.self) { try ProgramOptions(arguments) }
  }
}

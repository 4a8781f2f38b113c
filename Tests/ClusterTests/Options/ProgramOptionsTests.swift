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

  @Test func joinsClusters() throws {
    #expect(try ProgramOptions(["--connection-file=/f"]).connectionFile()?.path == "/f")
    let options = try ProgramOptions(["--profile-dir=/p", "--cluster-id=c"])
    #expect(try options.connectionFile()?.path == "/p/security/ipcontroller-c-client.json")
  }

  @Test(arguments: [["--engines"], ["--engines=0"], ["--engines=x"], ["--profile"]])
  func refusesBadValues(arguments: [String]) {
    #expect(throws: OptionError.self) { try ProgramOptions(arguments) }
  }
}

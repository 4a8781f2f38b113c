import ArgumentParser
import Foundation
import Martlet

/// A program whose command line ArgumentParser reads, and which ends in each way that such a program may.
@main struct CommandProgram: ClusterCommand {
  static let configuration = CommandConfiguration(commandName: "command-program")
  static let functions: [any RemoteCallable] = [double]
  private static let double = RemoteFunction("double") { (number: Int) in 2 * number }

  @Option(help: "The number to double.") var number = 1
  @Option(help: "The exit code with which the program's own code ends the process.") var exitCode: Int32?
  @Flag(help: "Have another parser end the process, in the midst of the work.") var parses = false
  @Flag(help: "Throw another parser's request for help, in the midst of the work.") var helps = false
  @Flag(help: "Throw ArgumentParser's own exit code 7.") var throwsCode = false

  private struct Other: ParsableArguments {
    @Option var size: Int
  }

  func validate() throws {
    guard number >= 0 else { throw ValidationError("a negative number") }
  }

  mutating func run(_ client: Client) async throws {
    print(try await client.loadBalanced().apply(Self.double, number).value)
    if let exitCode { Foundation.exit(exitCode) }
    if parses { _ = Other.parseOrExit(["--size", "large"]) }
    if helps { _ = try Other.parse(["--help"]) }
    if throwsCode { throw ExitCode(7) }
  }
}

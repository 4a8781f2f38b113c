import ArgumentParser
import Foundation
import Martlet

/// A program that is not a command of ArgumentParser's, but has it read the arguments in the midst of its work.
struct PlainProgram: ClusterProgram {
  static let functions: [any RemoteCallable] = [double]
  private static let double = RemoteFunction("double") { (number: Int) in 2 * number }

  private struct Options: ParsableArguments {
    @Option(help: "The number to double.") var number = 1
  }

  /// Prints where the cluster's sockets are, reads the arguments, and prints twice the number.
  static func run(_ client: Client, arguments: [String]) async throws {
    print(client.connectionInfo.interface)
    // What is printed must be there when the process ends in the next line.
    fflush(nil)
    let exits = ProcessInfo.processInfo.environment["PLAIN_PROGRAM"] == "parseOrExit"
    let options = exits ? Options.parseOrExit(arguments) : try Options.parse(arguments)
    print(try await client.loadBalanced().apply(double, options.number).value)
  }
}

/// Chooses the program: controller and engines are the same executable.
@main enum Programs {
  static func main() async {
    if ProcessInfo.processInfo.environment["PLAIN_PROGRAM"] == nil {
      await CommandProgram.main()
    } else {
      await PlainProgram.main()
    }
  }
}

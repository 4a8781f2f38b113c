import ArgumentParser
import Wire
import ZeroMQ

/// What the benchmark calls; engines started from this program offer it.
enum BenchFunctions {
  /// Does nothing.
  static let noop = RemoteFunction("noop") { () -> Int in 0 }
  /// Gives back what it gets.
  static let echo = RemoteFunction("echo") { (bytes: Bytes) -> Bytes in bytes }

  /// All of them.
  static let all: [any RemoteCallable] = [noop, echo]
}

/// The benchmark as an engine.
struct ServeEngine: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine", abstract: "Serves the functions the benchmark calls.")

  @Argument(parsing: .allUnrecognized, help: "The engine's own arguments.")
  var arguments: [String] = []

  func run() async throws {
    let names = BenchFunctions.all.map(\.name).joined(separator: ", ")
    throw ValidationError("this build has no engine to serve \(names)")
  }
}

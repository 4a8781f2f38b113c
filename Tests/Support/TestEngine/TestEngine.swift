import Foundation
import Martlet

/// A program for the conformance tests. With `engine`, it runs an engine with the functions that Python calls;
/// otherwise, a client whose cluster the tests disrupt.
@main struct TestEngine: ClusterProgram {
  static let functions = TestFunctions.all

  /// `sleep COUNT SECONDS`: runs COUNT load-balanced tasks of SECONDS each and prints a line as each one finishes.
  /// `broadcast`: gives every engine a value and prints its name; then prints for each line of the input the sum that
  /// Python's code computes of it on each engine.
  /// `progress COUNT SECONDS`: runs as many tasks and shows on standard error how far they have come.
  /// `stream …`, `long …`: see ``ChaosStream`` and ``LongCall``.
  static func run(_ client: Client, arguments: [String]) async throws {
    if arguments.first == "stream" { return try await ChaosStream.run(client, arguments: Array(arguments.dropFirst())) }
    if arguments.first == "long" { return try await LongCall.run(client, arguments: Array(arguments.dropFirst())) }
    if arguments == ["broadcast"] { return try await broadcast(client) }
    guard arguments.count == 3, ["progress", "sleep"].contains(arguments[0]), let count = Int(arguments[1]),
      let seconds = Double(arguments[2])
    else { throw ClusterError("usage: martlet-test-engine progress|sleep COUNT SECONDS") }
    let naps = try client.loadBalanced().map(TestFunctions.sleep, Array(repeating: seconds, count: count))
    if arguments[0] == "progress" { return await naps.showProgress("naps") }
    say("engines \(client.ids)")
    for try await (index, _) in naps.asCompleted { say("done \(index)") }
  }

  private static func broadcast(_ client: Client) async throws {
    let sum = PythonFunction<[Int], Int>("sum")
    let numbers = try await client.broadcast([1, 2, 3])
    say(numbers.name)
    while readLine() != nil {
      var sums: [Int] = []
      for id in client.ids { sums.append(try await client[id].apply(sum, numbers).value) }
      say("sums \(sums)")
    }
    numbers.release()
    say("released")
  }

  /// Prints a line to standard output without buffering.
  private static func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }
}

import ArgumentParser
import MartletClient

/// A program that is its own cluster, whose command line ArgumentParser reads.
///
/// ```swift
/// @main struct Render: ClusterCommand {
///   static let functions: [any RemoteCallable] = [renderTile]
///   @Option var width = 640
///   mutating func run(_ client: Client) async throws { … }
/// }
/// ```
/// Besides its own options the program takes those of every ``ClusterProgram``; `--help` shows both. Arguments that can't be
/// used are refused before a cluster starts.
public protocol ClusterCommand: ClusterProgram, AsyncParsableCommand {
  /// Runs the program's work on the cluster.
  ///
  /// - Parameter client: a connected client, which is closed when this method returns.
  mutating func run(_ client: Client) async throws
}

extension ClusterCommand {
  /// Runs the program and exits the process, see ``ClusterProgram/main()``.
  public static func main() async { await main(checking: { _ = try parse($0) }) }

  /// Parses the arguments and runs the program's work.
  public static func run(_ client: Client, arguments: [String]) async throws {
    var command = try parse(arguments)
    try await command.run(client)
  }

  /// Shows the help: the program's work needs a cluster.
  public mutating func run() async throws { throw CleanExit.helpRequest(self) }
}

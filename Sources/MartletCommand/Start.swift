import ArgumentParser
import Cluster

/// `martlet start`.
struct Start: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start a cluster on this machine.",
    discussion: "Options after -- go to the controller: martlet start -n 4 -- --sqlitedb")

  @Option(name: .shortAndLong, help: "How many engines; one per core by default.")
  var n: Int?

  @Option(help: "A program of yours that is to be the engines (and has their functions).")
  var program: String?

  @OptionGroup var selection: ClusterSelection

  @Flag(help: "Return when the engines have registered, and leave the cluster running.")
  var daemonize = false

  @Option(help: "Let other machines connect: the address to listen on, * for all.")
  var ip: String?

  @Option(help: "tcp or ipc; with --ip tcp, else sockets of this machine only.")
  var transport: String?

  @Option(help: "The host name or address that other machines reach this one by.")
  var location: String?

  @Option(help: "DEBUG, INFO, WARN, ERROR or a number.")
  var logLevel: String?

  // Set by the daemonizing process in the one it leaves behind.
  @Flag(help: .hidden)
  var background = false

  @Argument(parsing: .postTerminator, help: "Options for the controller.")
  var controllerArguments: [String] = []

  func run() async throws {
    var more = controllerArguments.isEmpty ? [] : ["--"] + controllerArguments
    let values = [
      ("n", n.map { "\($0)" }), ("program", program), ("ip", ip), ("transport", transport), ("location", location),
      ("log-level", logLevel),
    ]
    more = values.compactMap { name, value in value.map { "--\(name)=\($0)" } } + more
    if daemonize { more.insert("--daemonize", at: 0) }
    let arguments = selection.arguments + more
    let background = background
    try await perform { try await StartAction(arguments, background: background).run() }
  }
}

import ArgumentParser
import MartletCluster

struct Start: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start a cluster.",
    discussion: """
      The engines run on this machine unless --engines says otherwise: ssh:node1:2,node2:4, docker:4, mpi:4 or slurm:64; so \
      does the controller unless --controller does: ssh:node1, mpi or slurm. A file describes what grows beyond options: martlet start cluster.yaml. Options after -- go to \
      the controller: martlet start -n 4 -- --sqlitedb
      """)

  @Argument(help: "A file that describes the cluster, cluster.yaml; options outweigh it.")
  var file: String?

  @OptionGroup var engines: EngineSelection

  @Option(help: "What starts the controller: local, ssh:HOST, mpi, slurm, pbs, sge, lsf or htcondor.")
  var controller: String?

  @OptionGroup var selection: ClusterSelection

  @Option(
    help: """
      on-failure, which is also meant without a word: start engines again that end unexpectedly, unless they keep ending \
      right after their start; never, the default.
      """)
  var restartEngines: String?

  @OptionGroup var bounds: EngineBounds

  @Flag(
    inversion: .prefixedNo,
    help: "Keep load-balanced tasks in a file, so that the controller goes on with them if it is killed.")
  var journal = true

  @Flag(help: "Do not encrypt, although other machines can connect: the network between them can read and change all.")
  var noCurve = false

  @Flag(help: "Print the commands and scripts that would be run, and start nothing.")
  var dryRun = false

  @OptionGroup var output: JSONOutput

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

  /// A command line in which `--restart-engines` has its word.
  static func completed(_ arguments: [String]) -> [String] {
    let own = arguments.prefix { $0 != "--" }
    guard own.first == _commandName else { return arguments }
    let completed = own.enumerated().map { index, argument in
      let isAlone =
        argument == "--restart-engines" && !["on-failure", "never"].contains(own.dropFirst(index + 1).first)
      return isAlone ? "--restart-engines=on-failure" : argument
    }
    return completed + arguments.dropFirst(own.count)
  }

  @Argument(parsing: .postTerminator, help: "Options for the controller.")
  var controllerArguments: [String] = []

  func run() async throws {
    var arguments = (file.map { [$0] } ?? []) + selection.arguments + engines.arguments + bounds.arguments
    if daemonize { arguments.append("--daemonize") }
    if dryRun { arguments.append("--dry-run") }
    if output.json { arguments.append("--o=json") }
    if !journal { arguments.append("--no-journal") }
    if noCurve { arguments.append("--no-curve") }
    arguments += roleArguments([
      "restart-engines": restartEngines, "controller": controller, "ip": ip, "transport": transport,
      "location": location, "log-level": logLevel,
    ])
    if !controllerArguments.isEmpty { arguments += ["--"] + controllerArguments }
    let (options, own) = (arguments, controllerArguments)
    try await perform {
      try OptionError.refuseUnknown(own, of: "controller") { try ControllerOptions.read($0).warnings }
      try await StartAction(options).run()
    }
  }
}

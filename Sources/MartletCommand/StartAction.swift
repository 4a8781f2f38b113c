import Foundation
import Logging
import MartletCluster
import MartletWire

/// Starts a cluster and keeps it running, here or in a background process.
struct StartAction {
  private let options: ClusterOptions
  private let warnings: [String]
  private let arguments: [String]
  private let background: Bool

  /// A start with the options of `ipcluster start`.
  ///
  /// - Parameter background: whether this is the background process.
  init(_ arguments: [String], background: Bool = false) throws {
    (options, warnings) = try ClusterOptions.readStart(arguments)
    self.arguments = arguments
    self.background = background
  }

  func run() async throws {
    if options.isDryRun {
      let plan = try clusterConfiguration().plan()
      return options.json ? JSONOutput.print(["plan": .string(plan)]) : print(plan)
    }
    try options.application.profile.create()
    if options.daemonize && !background { return try await Daemon.start(startArguments) }
    var application = options.application
    application.logToFile = application.logToFile || background
    if options.application.logLevel == .info, !application.logToFile { application.logLevel = .notice }
    let logger = try application.makeLogger(program: "ipcluster", name: "IPClusterStart")
    for warning in warnings { logger.warning("\(warning)") }
    let cluster = Cluster(try clusterConfiguration(), logger: logger)
    let background = background
    try await cluster.withRunning { cluster in
      for exposure in Set(await cluster.record.files.connections.compactMap { try? $0.read().exposure }).sorted() {
        logger.warning("\(exposure)")
        if background { RoleExit.report("Warning: \(exposure)") }
      }
      if options.json {
        // As `martlet list --json` has it.
        let known = ClusterCatalog.cluster(cluster.configuration.clusterID, in: cluster.configuration.profile)
        JSONOutput.print(known?.json ?? .null)
      } else {
        print(await Self.description(of: cluster, stopsWithTerminal: !background))
      }
      fflush(nil)
      if background { Daemon.reportReady() }
      let failure = await cluster.waitForFailure()
      try Task.checkCancellation()
      if let failure {
        logger.error("\(failure)")
        throw failure
      }
    }
  }

  private func clusterConfiguration() throws -> ClusterConfiguration {
    var configuration = ClusterConfiguration(
      profile: options.application.profile, clusterID: options.application.clusterID)
    configuration.engines = try options.engineGroups()
    if let program = options.program { configuration.engineProgram = ProgramCommand(executable: program) }
    if options.ip != nil || options.transport != nil {
      configuration.network = .address(transport: options.transport ?? "tcp", ip: options.ip ?? "127.0.0.1")
    }
    configuration.location = options.location
    configuration.engineArguments = options.engineArguments
    configuration.restartsEngines = options.restartsEngines
    configuration.restartsController = true
    configuration.controllerArguments =
      [options.journal ? "--journal" : "--no-journal"] + curveArguments + options.python.controllerArguments
    options.describeController(in: &configuration)
    return configuration
  }

  private var curveArguments: [String] {
    options.enableCurve.map { [$0 ? "--enable-curve" : "--no-curve"] } ?? []
  }

  /// The command line of the background process, in the roles' own syntax.
  private var startArguments: [String] {
    let passed = arguments.drop { $0 != "--" }
    let own = arguments.prefix(arguments.count - passed.count).filter { $0 != "--daemonize" }
    return Daemon.arguments + own + passed
  }

  private static func description(of cluster: Cluster, stopsWithTerminal: Bool) async -> String {
    let profile = cluster.configuration.profile
    let id = cluster.configuration.clusterID
    let isNamed = profile == ProfileDirectory(name: profile.name)
    var python: [String] = []
    if !isNamed {
      python.append("profile_dir=\(JSONValue.string(profile.path).pythonLiteral)")
    } else if profile.name != "default" {
      python.append("profile=\(JSONValue.string(profile.name).pythonLiteral)")
    }
    if !id.isEmpty { python.append("cluster_id=\(JSONValue.string(id).pythonLiteral)") }
    let count = await cluster.engineProcessCount
    let files = await cluster.record.files
    return """
      A cluster of \(count.counted("engine")) is up.
        Python:  import ipyparallel as ipp; rc = ipp.Client(\(python.joined(separator: ", ")))
        File:    \(files.clientConnection.path)
        Stop it: \(stopsWithTerminal ? "Ctrl-C, or " : "")\((["martlet", "stop"] + files.options).shellCommand)
      """
  }
}

import MartletCluster

/// The command under the name `ipcluster`, with its subcommands and its options.
enum IPClusterCommand {
  /// Runs a subcommand and gives the exit code.
  static func run(_ arguments: [String]) async -> Int32 {
    guard let subcommand = arguments.first, !RoleHelp.isWanted(arguments) else {
      print(RoleHelp.cluster)
      return arguments.isEmpty ? 1 : 0
    }
    if subcommand == "--version" {
      print(Version.current)
      return 0
    }
    let usage = "ipcluster start|stop|engines|list|clean [options]"
    return await exitCode(of: "ipcluster", usage: usage) {
      try await perform(subcommand, Array(arguments.dropFirst()))
    }
  }

  private static func perform(_ subcommand: String, _ arguments: [String]) async throws {
    switch subcommand {
    case "start": try await StartAction(arguments).run()
    case "engines": try await EnginesAction(arguments).run()
    case "stop":
      let options = try read(arguments)
      let ids = options.positional.isEmpty ? [options.application.clusterID] : options.positional
      try await StopAction(profiles: [options.application.profile], clusterIDs: options.all ? nil : ids).run()
    case "list":
      let options = try read(arguments)
      ListAction(profiles: profiles(options, named: isProfileNamed(arguments)), json: options.json).run()
    case "clean":
      let options = try read(arguments)
      CleanAction(profiles: profiles(options, named: !options.all), force: options.force).run()
    default:
      throw OptionError("there is no subcommand \(subcommand), only start, stop, engines, list and clean")
    }
  }

  private static func read(_ arguments: [String]) throws -> ClusterOptions {
    let (options, warnings) = try ClusterOptions.read(arguments)
    for warning in warnings { RoleExit.report("ipcluster: \(warning)") }
    return options
  }

  private static func isProfileNamed(_ arguments: [String]) -> Bool {
    arguments.contains { $0.hasPrefix("--profile") || $0.hasPrefix("--ProfileDir.location") }
  }

  private static func profiles(_ options: ClusterOptions, named: Bool) -> [ProfileDirectory] {
    named ? [options.application.profile] : ProfileDirectory.all()
  }
}

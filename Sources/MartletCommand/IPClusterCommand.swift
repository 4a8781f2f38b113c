import MartletCluster

/// The `ipcluster` command, with its subcommands and options.
enum IPClusterCommand {
  private static let subcommands = ["start", "stop", "engines", "list", "clean"]

  /// Runs a subcommand and returns the exit code.
  static func run(_ arguments: [String]) async -> Int32 {
    guard let subcommand = arguments.first, !RoleHelp.isWanted(arguments) else {
      print(RoleHelp.cluster)
      return arguments.isEmpty ? 1 : 0
    }
    if subcommand == "--version" {
      print(Version.current)
      return 0
    }
    let usage = "ipcluster \(subcommands.joined(separator: "|")) [options]"
    return await exitCode(of: "ipcluster", usage: usage) {
      try await perform(subcommand, Array(arguments.dropFirst()))
    }
  }

  private static func perform(_ subcommand: String, _ arguments: [String]) async throws {
    guard subcommands.contains(subcommand) else {
      throw OptionError("Unexpected argument '\(subcommand)'. Subcommands are \(subcommands.joined(separator: ", ")).")
    }
    let (options, warnings) = try ClusterOptions.read(arguments)
    if subcommand != "stop", let stray = options.positional.first {
      throw OptionError("Unexpected argument '\(stray)'")
    }
    // `start` logs its warnings itself.
    if subcommand != "start" || options.application.configReport != nil {
      for warning in warnings { RoleExit.report("Warning: \(warning)") }
    }
    if let report = options.application.configReport { return try report.perform() }
    switch subcommand {
    case "start": try await StartAction(arguments).run()
    case "engines": try await EnginesAction(arguments).run()
    case "stop":
      let ids = options.positional.isEmpty ? [options.application.clusterID] : options.positional
      try await StopAction(
        profiles: [options.application.profile], clusterIDs: options.all ? nil : ids, signal: options.stopSignal
      ).run()
    case "list":
      try ListAction(profiles: profiles(options, named: isProfileNamed(arguments)), json: options.json).run()
    case "clean":
      await CleanAction(profiles: profiles(options, named: !options.all), force: options.force).run()
    default: break
    }
  }

  private static func isProfileNamed(_ arguments: [String]) -> Bool {
    arguments.contains { $0.hasPrefix("--profile") || $0.hasPrefix("--ProfileDir.location") }
  }

  private static func profiles(_ options: ClusterOptions, named: Bool) -> [ProfileDirectory] {
    named ? [options.application.profile] : ProfileDirectory.all()
  }
}

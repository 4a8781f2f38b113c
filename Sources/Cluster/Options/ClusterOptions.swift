import Foundation

/// What the command line, environment and configuration file of `ipcluster` say.
public struct ClusterOptions: Sendable, Hashable {
  /// Profile, cluster, logging.
  public var application: ApplicationOptions
  /// How many engines; `nil` for one per core.
  public var engines: Int?
  /// The program that is controller and engine, if not this one.
  public var program: String?
  /// Whether to return when the cluster is up.
  public var daemonize = false
  /// `tcp` or `ipc`; `nil`, like the address, for sockets of this machine.
  public var transport: String?
  /// The address to listen on.
  public var ip: String?
  /// The host that peers elsewhere connect to.
  public var location: String?
  /// Options for the controller: `Cluster.controller_args`, then what follows `--`.
  public var controllerArguments: [String] = []
  /// Whether all clusters, or clusters of all profiles, are meant.
  public var all = false
  /// Whether running clusters are cleaned too.
  public var force = false
  /// Whether `list` gives JSON.
  public var json = false
  /// What is no option: cluster ids for `stop`.
  public var positional: [String] = []

  /// Reads the options of `ipcluster start`, `stop`, `engines`, `list` or `clean`.
  ///
  /// - Parameters:
  ///   - arguments: what follows the subcommand.
  ///   - environment: of the process.
  /// - Returns: the options, and warnings about what was not understood.
  /// - Throws: ``OptionError`` for a value that can't be used.
  public static func read(
    _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(OptionError) -> (options: ClusterOptions, warnings: [String]) {
    var role = try RoleOptions(.cluster, arguments: arguments, environment: environment)
    var options = ClusterOptions(application: role.application)
    let classes = ["Cluster"] + RoleKind.cluster.classes
    options.engines = try role.reader.int("n", classes)
    options.program = try role.reader.string("program", classes)
    options.daemonize = try role.reader.bool("daemonize", classes) ?? false
    options.transport = try role.reader.string("controller_transport", classes)
    options.ip = try role.reader.string("controller_ip", classes)
    options.location = try role.reader.string("controller_location", classes)
    options.controllerArguments = try role.reader.strings("controller_args", classes) ?? []
    options.controllerArguments += role.commandLine.passedThrough
    options.all = try role.reader.bool("all_cluster_ids", classes) ?? false
    options.force = try role.reader.bool("force", classes) ?? false
    options.json = try role.reader.string("output_format", classes)?.lowercased() == "json"
    options.positional = role.commandLine.positional
    for launcher in ["engine_launcher_class", "controller_launcher_class"] {
      let name = try role.reader.string(launcher, classes)?.lowercased() ?? "local"
      guard name == "local" || name.contains(".local") else {
        throw OptionError("Cluster.\(launcher): only local processes are started here, not \(name)")
      }
    }
    role.reader.accept(["delay", "signal", "engine_timeout", "send_engines_connection_env"], classes)
    return (options, role.allWarnings)
  }
}

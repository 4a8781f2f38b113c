import Foundation
import Logging
import MartletWire

/// What the roles have in common: profile, cluster, logging.
public struct ApplicationOptions: Sendable, Hashable {
  /// The profile.
  public var profile: ProfileDirectory
  /// Distinguishes clusters of one profile; empty for its default one.
  public var clusterID = ""
  /// The least severe level that is logged.
  public var logLevel = Logger.Level.info
  /// Whether logs go to the profile's log folder and not to standard error.
  public var logToFile = false
  /// Whether old logs of the role are removed first.
  public var cleanLogs = false
  /// The folder to work in, or `nil` for the current one.
  public var workDirectory: String?

  /// Defaults in a profile.
  public init(profile: ProfileDirectory) { self.profile = profile }
}

/// The options of a role, ready to be read.
struct RoleOptions {
  var application: ApplicationOptions
  var reader: OptionReader
  var commandLine: ParsedCommandLine
  var warnings: [String]

  /// Warnings about files and about options nobody read.
  var allWarnings: [String] {
    warnings + commandLine.unknown.map { "unknown option \($0), it has no effect" }
      + reader.unread.map { "unknown option \($0), it has no effect" }
  }
}

/// One of the programs that share profiles and option syntax.
enum RoleKind: String, Sendable {
  case controller = "ipcontroller"
  case engine = "ipengine"
  case cluster = "ipcluster"

  var syntax: CommandLineSyntax {
    switch self {
    case .controller: .controller
    case .engine: .engine
    case .cluster: .cluster
    }
  }

  /// The classes of the role's own options; those of ipyparallel 6 are still read.
  var classes: [String] {
    let base = ["BaseParallelApplication", "BaseIPythonApplication", "Application"]
    return switch self {
    case .controller: ["IPController", "IPControllerApp", "HubFactory"] + base
    case .engine: ["IPEngine", "IPEngineApp", "EngineFactory"] + base
    case .cluster:
      ["IPClusterStart", "IPClusterEngines", "IPClusterStop", "IPClusterList", "IPClusterClean", "IPCluster"] + base
    }
  }
}

extension RoleOptions {
  /// Gathers the layers of a role and reads what all roles share.
  ///
  /// From the highest priority, as in ipyparallel 9.2: command line, `IPP_SESSION_KEY`, JSON file, Python file, other
  /// environment variables, defaults.
  ///
  /// - Throws: ``OptionError`` for a value that can't be used.
  init(_ kind: RoleKind, arguments: [String], environment: [String: String]) throws(OptionError) {
    let commandLine = try kind.syntax.parse(arguments)
    var early = OptionReader(layers: [commandLine.layer])
    let profile = try Self.profile(&early, kind: kind, environment: environment)
    var problems: [ConfigProblem] = []
    var files = ConfigFile.layers(name: "\(kind.rawValue)_config", directory: profile.path, problems: &problems)
    if let extra = try early.string("extra_config_file", kind.classes) {
      guard FileManager.default.fileExists(atPath: extra) else {
        throw OptionError("--config: there is no file \(extra)")
      }
      if let layer = ConfigFile.read(extra, problems: &problems) { files.insert(layer, at: 0) }
    }
    var session = ConfigLayer(origin: "the environment")
    if let key = environment["IPP_SESSION_KEY"] { session.set("Session.key", .text(key)) }
    var defaults = ConfigLayer(origin: "the environment")
    if let id = environment["IPP_CLUSTER_ID"] { defaults.set("Application.cluster_id", .text(id)) }
    var reader = OptionReader(layers: [commandLine.layer, session] + files + [defaults])

    var application = ApplicationOptions(profile: profile)
    application.clusterID = try reader.string("cluster_id", kind.classes) ?? ""
    guard !application.clusterID.contains("/") else { throw OptionError("a cluster id can't contain '/'") }
    if let level = try reader.string("log_level", kind.classes, orNumber: true) {
      guard let parsed = Logger.Level(traitlets: level) else {
        throw OptionError("--log-level should be DEBUG, INFO, WARN, ERROR, CRITICAL or a number, not \(level)")
      }
      application.logLevel = parsed
    }
    application.logToFile = try reader.bool("log_to_file", kind.classes) ?? false
    application.cleanLogs = try reader.bool("clean_logs", kind.classes) ?? false
    application.workDirectory = try reader.string("work_dir", kind.classes)
    var warnings = problems.map(\.description)
    if let url = try reader.string("log_url", kind.classes), !url.isEmpty {
      warnings.append("--log-url is not supported, logs go to standard error or with --log-to-file to the profile")
    }
    reader.accept(
      [
        "profile", "ipython_dir", "extra_config_file", "auto_create", "copy_config_files", "overwrite", "verbose_crash",
      ],
      kind.classes)
    reader.accept(["location"], ["ProfileDir"])
    self.init(application: application, reader: reader, commandLine: commandLine, warnings: warnings)
  }

  /// The command line's profile, else `IPP_PROFILE_DIR`, else the default one.
  private static func profile(
    _ reader: inout OptionReader, kind: RoleKind, environment: [String: String]
  ) throws(OptionError) -> ProfileDirectory {
    if let path = try reader.string("location", ["ProfileDir"]), !path.isEmpty { return ProfileDirectory(path: path) }
    let root = try reader.string("ipython_dir", kind.classes)
    let directory =
      root.map { UserPath.absolute($0, environment: environment) } ?? IPythonDirectory.path(environment: environment)
    if let name = try reader.string("profile", kind.classes), !name.isEmpty {
      return ProfileDirectory(name: name, ipythonDirectory: directory)
    }
    if let path = environment["IPP_PROFILE_DIR"], !path.isEmpty { return ProfileDirectory(path: path) }
    return ProfileDirectory(name: "default", ipythonDirectory: directory)
  }
}

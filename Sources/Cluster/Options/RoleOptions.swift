import Foundation
import MartletWire

/// Options of a role that are read from a ``RoleOptions``.
protocol RoleReading {
  static var kind: RoleKind { get }
  var application: ApplicationOptions { get set }

  init(_ role: inout RoleOptions) throws(OptionError)
}

/// The options of a role, ready to be read.
struct RoleOptions {
  let application: ApplicationOptions
  let commandLine: ParsedCommandLine
  let environment: [String: String]
  var reader: OptionReader
  private var warnings: [String]

  /// Reads the options of a role.
  ///
  /// - Returns: the options, and warnings about what was not understood.
  /// - Throws: ``OptionError`` for a value that can't be used.
  static func read<Options: RoleReading>(
    _ arguments: [String], environment: [String: String]
  ) throws(OptionError) -> (options: Options, warnings: [String]) {
    var role = try RoleOptions(Options.kind, arguments: arguments, environment: environment)
    var options = try Options(&role)
    options.application.configReport = try role.configReport(for: Options.self)
    return (options, role.allWarnings)
  }

  /// Gathers the layers of a role and reads what all roles share.
  ///
  /// From the highest priority, as in ipyparallel 9.2: command line, `IPP_SESSION_KEY`, JSON file, Python file, other
  /// environment variables, defaults.
  private init(_ kind: RoleKind, arguments: [String], environment: [String: String]) throws(OptionError) {
    let commandLine = try kind.syntax.parse(arguments)
    if kind != .cluster, let stray = (commandLine.positional + commandLine.passedThrough).first {
      throw OptionError("Unexpected argument '\(stray)'")
    }
    var early = OptionReader(layers: [commandLine.layer])
    let profile = try Self.profile(&early, kind: kind, environment: environment)
    var problems: [ConfigProblem] = []
    var files = ConfigFile.layers(name: "\(kind.rawValue)_config", directory: profile.path, problems: &problems)
    var extra: String?
    try early.read(&extra, "extra_config_file", of: kind.classes, as: .text)
    if let extra {
      guard FileManager.default.fileExists(atPath: extra) else {
        throw OptionError("--config: there is no file \(extra)")
      }
      if let layer = ConfigFile.read(extra, problems: &problems) { files.insert(layer, at: 0) }
    }
    var session = ConfigLayer(origin: "the environment")
    if let key = environment["IPP_SESSION_KEY"] { session.set("Session.key", .text(key)) }
    let layers = [commandLine.layer, session] + files + [kind.defaults(from: environment)]
    try self.init(kind, layers: layers, commandLine: commandLine, profile: profile, environment: environment)
    warnings = problems.map(\.description) + warnings
  }

  private init(
    _ kind: RoleKind, layers: [ConfigLayer], commandLine: ParsedCommandLine, profile: ProfileDirectory,
    environment: [String: String]
  ) throws(OptionError) {
    self.commandLine = commandLine
    self.environment = environment
    reader = OptionReader(layers: layers)
    application = try ApplicationOptions(&reader, classes: kind.classes, profile: profile)
    warnings = []
    reader.ignore(kind.ignored)
    reader.accept(
      [
        "profile", "ipython_dir", "extra_config_file", "overwrite", "show_config", "show_config_json",
        "generate_config",
      ],
      kind.classes)
    reader.accept(["location"], ["ProfileDir"])
  }

  /// Warnings about files and about options nobody read.
  private var allWarnings: [String] {
    warnings + reader.ignored
      + (commandLine.unknown + reader.unread).map { "unknown option \($0), it has no effect" }
  }

  /// What `--show-config`, `--show-config-json` and `--generate-config` ask for.
  private func configReport<Options: RoleReading>(for options: Options.Type) throws(OptionError) -> ConfigReport? {
    let kind = Options.kind
    var request = OptionReader(layers: [commandLine.layer])
    func isGiven(_ trait: String) throws(OptionError) -> Bool {
      var value = false
      try request.read(&value, trait, of: kind.classes, as: .bool)
      return value
    }
    if try isGiven("show_config_json") { return .show(reader.layers, asJSON: true) }
    if try isGiven("show_config") { return .show(reader.layers, asJSON: false) }
    guard try isGiven("generate_config") else { return nil }
    let profile = application.profile
    var defaults = try RoleOptions(
      kind, layers: [], commandLine: ParsedCommandLine(), profile: profile, environment: [:])
    _ = try Options(&defaults)
    return .generate(
      defaults.reader.settings, path: "\(profile.path)/\(kind.rawValue)_config.py", program: kind.rawValue,
      overwrites: try isGiven("overwrite"))
  }

  /// The command line's profile, else `IPP_PROFILE_DIR`, else the default one.
  private static func profile(
    _ reader: inout OptionReader, kind: RoleKind, environment: [String: String]
  ) throws(OptionError) -> ProfileDirectory {
    var folder: String?
    var root = IPythonDirectory.path(environment: environment)
    var name: String?
    try reader.readNonEmpty(&folder, "location", of: ["ProfileDir"])
    try reader.read(&root, "ipython_dir", of: kind.classes, as: .text)
    try reader.readNonEmpty(&name, "profile", of: kind.classes)
    if let folder { return ProfileDirectory(path: folder) }
    if name == nil, let path = environment["IPP_PROFILE_DIR"], !path.isEmpty { return ProfileDirectory(path: path) }
    return ProfileDirectory(name: name ?? "default", ipythonDirectory: root)
  }
}

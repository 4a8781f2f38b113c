import Foundation
import MartletWire

/// What the command line, environment and configuration file of `ipcluster` say.
public struct ClusterOptions: Sendable, Hashable, RoleReading {
  static let kind = RoleKind.cluster

  /// Profile, cluster, logging.
  public var application: ApplicationOptions
  /// How many engines; `nil` for one per core.
  public var engines: Int?
  /// How engines are started, with the launcher's own options.
  private var launcher: LauncherOptions
  /// How the controller is started, with the launcher's own options.
  private var controllerLauncher: LauncherOptions
  /// What a cluster file says about the controller; `nil` if it says nothing.
  private var describedController: ClusterDescription.Controller?
  /// The groups of a cluster file.
  private var groups: [EngineGroup] = []
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
  /// Options for the engines and the controller, about Python.
  public var python: PythonOptions
  /// What each engine offers to tasks that require something. Martlet's own.
  public var resources = Resources()
  /// Between how many engines the cluster grows and shrinks by itself. Martlet's own.
  public var scaling: EngineScaling?
  /// Whether engines that end unexpectedly are started again.
  public var restartsEngines = false
  /// Whether the controller keeps a journal, with which it goes on after it was killed. Martlet's own.
  public var journal = true
  /// Whether sockets use CURVE; `nil` leaves it to the controller. Martlet's own.
  public var enableCurve: Bool?
  /// Options for the controller: `Cluster.controller_args`, then what follows `--`.
  public var controllerArguments: [String] = []
  /// Whether `start` only prints what it would run. Martlet's own.
  public var isDryRun = false
  /// Whether the command is about all clusters, or clusters of all profiles.
  public var all = false
  /// Whether running clusters are cleaned too.
  public var force = false
  /// The signal by which `stop` asks processes to end, before it kills those that don't.
  public var stopSignal = SIGTERM
  /// Whether `list` gives JSON.
  public var json = false
  /// Arguments that aren't options: cluster ids for `stop`.
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
    try RoleOptions.read(arguments, environment: environment)
  }

  /// Reads the options of `martlet start`, whose argument may be a cluster file. The command line outweighs the file, and
  /// the file the configuration.
  ///
  /// - Parameters:
  ///   - arguments: what follows the subcommand.
  ///   - environment: of the process.
  /// - Returns: the options, and warnings about what was not understood.
  /// - Throws: ``OptionError`` for a value that can't be used, with the file, the line and the key if it is there.
  public static func readStart(
    _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(OptionError) -> (options: ClusterOptions, warnings: [String]) {
    let given = try CommandLineSyntax.cluster.parse(arguments)
    guard let path = given.positional.first else { return try read(arguments, environment: environment) }
    guard given.positional.count == 1 else { throw OptionError("Unexpected argument '\(given.positional[1])'") }
    let file = try ClusterDescription.read(path)
    var (options, warnings) = try read(file.arguments + arguments, environment: environment)
    if file.controller?.launcher != nil, given.layer.values["Cluster"]?["controller_launcher_class"] != nil {
      throw OptionError("\(path) says how the controller is started: leave out --controller, or 'launcher' in the file")
    }
    options.describedController = file.controller
    if !file.engines.isEmpty {
      let cluster = given.layer.values["Cluster"] ?? [:]
      if cluster["n"] != nil || cluster["engine_launcher_class"] != nil {
        throw OptionError("\(path) says which engines there are: leave out -n and --engines, or 'engines' in the file")
      }
      options.groups = file.engines
    }
    return (options, warnings)
  }

  /// The engines that the options describe: the groups of a cluster file, or one group.
  ///
  /// - Throws: ``OptionError`` when their number is unknown.
  public func engineGroups() throws(OptionError) -> [EngineGroup] { groups.isEmpty ? [try engineGroup()] : groups }

  /// Makes the configuration's controller one as the options describe it.
  public func describeController(in configuration: inout ClusterConfiguration) {
    let described = describedController
    let launcher = described?.launcher ?? controllerLauncher
    configuration.controllerLauncher = launcher.launcher
    configuration.controllerEnvironment = launcher.environment
    if let program = described?.program { configuration.controllerProgram = ProgramCommand(executable: program) }
    configuration.controllerArguments += launcher.arguments + (described?.arguments ?? []) + controllerArguments
  }

  /// Options for all engines: about Python, and what they offer.
  public var engineArguments: [String] { python.engineArguments + resources.engineArguments }

  /// The one group of engines that the options describe.
  ///
  /// - Throws: ``OptionError`` when their number is unknown.
  public func engineGroup() throws(OptionError) -> EngineGroup {
    let count: Int
    switch (launcher.launcher, engines ?? scaling?.minimum ?? launcher.count) {
    case (_, let given?): count = given
    case (.batch(let batch), nil):
      let name = batch.system.rawValue
      throw OptionError("--engines=\(name): how many? Add -n 64 or write --engines=\(name):64")
    case (.local, nil), (.mpi, nil), (.ssh, nil), (.docker, nil): count = ProcessInfo.processInfo.activeProcessorCount
    }
    var group = EngineGroup(launcher.launcher, count: count, program: program.map { ProgramCommand(executable: $0) })
    group.arguments = launcher.arguments
    group.environment = launcher.environment
    group.scaling = scaling
    return group
  }

  init(_ role: inout RoleOptions) throws(OptionError) {
    application = role.application
    let classes = ["Cluster"] + Self.kind.classes
    try role.reader.read(&engines, "n", of: classes, as: .int)
    try role.reader.read(&program, "program", of: classes, as: .text)
    try role.reader.read(&daemonize, "daemonize", of: classes, as: .bool)
    try role.reader.read(&transport, "controller_transport", of: classes, as: .text)
    try role.reader.read(&ip, "controller_ip", of: classes, as: .text)
    try role.reader.read(&location, "controller_location", of: classes, as: .text)
    scaling = try Self.scaling(&role.reader, classes)
    python = try PythonOptions(&role.reader, classes)
    try role.reader.read(&restartsEngines, "restart_engines", of: classes, as: .restarts)
    try role.reader.read(&resources, "resources", of: classes, as: .resources)
    try role.reader.read(&journal, "journal", of: classes, as: .bool)
    try role.reader.read(&enableCurve, "enable_curve", of: classes, as: .bool)
    try role.reader.read(&controllerArguments, "controller_args", of: classes, as: .texts)
    controllerArguments += role.commandLine.passedThrough
    try role.reader.read(&isDryRun, "dry_run", of: classes, as: .bool)
    try role.reader.read(&all, "all_cluster_ids", of: classes, as: .bool)
    try role.reader.read(&force, "force", of: classes, as: .bool)
    var format = "text"
    try role.reader.read(&format, "output_format", of: classes, as: .text)
    json = format.lowercased() == "json"
    positional = role.commandLine.positional
    launcher = try LauncherOptions(&role.reader, classes)
    controllerLauncher = try LauncherOptions(&role.reader, classes, role: .controller)
    var number = Int(stopSignal)
    try role.reader.read(&number, "signal", of: classes, as: .int(in: 1...64))
    stopSignal = Int32(number)
  }

  private static func scaling(_ reader: inout OptionReader, _ classes: [String]) throws(OptionError) -> EngineScaling? {
    var bounds: (minimum: Int?, maximum: Int?) = (nil, nil)
    var idleTime = Duration.seconds(60)
    try reader.read(&bounds.minimum, "min_engines", of: classes, as: .int)
    try reader.read(&bounds.maximum, "max_engines", of: classes, as: .int)
    try reader.read(&idleTime, "engine_idle_time", of: classes, as: .seconds)
    return try EngineScaling(minimum: bounds.minimum, maximum: bounds.maximum, idleTime: idleTime)
  }
}

/// An option of ipyparallel that is understood and changes nothing here. Help doesn't list it.
struct IgnoredOption: Sendable, Hashable {
  let trait: String
  let classes: [String]
  /// Why it has no effect and what to use instead, as a clause; `nil` if there is nothing to say, because what starts processes
  /// for ipyparallel gives it.
  let reason: String?

  /// `Class.trait` in each of its classes.
  var paths: [String] { classes.map { "\($0).\(trait)" } }

  /// Those of some classes.
  static func all(_ reasons: [String: String?], of classes: [String]) -> [IgnoredOption] {
    reasons.map { IgnoredOption(trait: $0, classes: classes, reason: $1) }
  }
}

extension RoleKind {
  /// The options that have no effect.
  var ignored: [IgnoredOption] { IgnoredOption.all(Self.ofAll, of: classes) + ignoredByItself }

  private var ignoredByItself: [IgnoredOption] {
    switch self {
    case .controller:
      IgnoredOption.all(Self.ofController, of: classes)
        + IgnoredOption.all(["debug": Self.useLogLevel], of: ["HeartMonitor"])
        + IgnoredOption.all(Self.ofSession, of: ["Session"])
    case .engine:
      IgnoredOption.all(Self.ofEngine, of: classes)
        + IgnoredOption.all(Self.ofSession.merging(Self.ofControllersSession) { $1 }, of: ["Session"])
    case .cluster: IgnoredOption.all(Self.ofCluster, of: ["Cluster"] + classes)
    }
  }

  private static let ofController: [String: String?] = [
    "use_threads": "the schedulers are threads of the controller's process in any case",
    "monitor_ip": "hub and schedulers are one process, without sockets between them",
    "monitor_transport": "hub and schedulers are one process, without sockets between them",
  ]

  private static let ofEngine: [String: String?] = [
    "registration_url":
      "addresses stand in the connection file: name another one with --file, the controller's host with "
      + "--location, or a host to tunnel through with --ssh",
    "enable_nanny": "whatever has started an engine reports its end",
    "paramiko": "tunnels are made by OpenSSH",
    "use_mpi": nil, "init_mpi": nil,
    "mpi_registration_delay": "a controller takes the registrations of any number of engines at once",
  ]

  private static let ofCluster: [String: String?] = [
    "delay": "engines are started as soon as the controller is ready",
    "engine_timeout": "who connects says how long it waits for engines",
    "send_engines_connection_env": "engines read the connection file",
  ]

  /// What an engine is told by the connection file.
  private static let ofControllersSession: [String: String?] = [
    "username": "an engine has the controller's, which stands in the connection file",
    "signature_scheme": "an engine has the controller's, which stands in the connection file",
  ]

  private static let ofAll: [String: String?] = [
    "log_url": "logs go to standard error, or with --log-to-file to the profile",
    "auto_create": "what starts a controller makes the profile in any case",
    "copy_config_files": "--generate-config writes a configuration file",
    "verbose_crash": "errors are in the log",
  ]

  private static let ofSession: [String: String?] = [
    "session": "each process makes one for itself",
    "packer": "messages are JSON",
    "unpacker": "messages are JSON",
    "debug": useLogLevel,
    "check_pid": "no process goes on with the sockets of another",
    "digest_history_size": "how many signatures are remembered is fixed",
  ]

  private static let useLogLevel = "use --log-level=DEBUG"
}

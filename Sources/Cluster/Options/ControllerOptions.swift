import Foundation

/// What a controller's command line, environment and configuration files say; the defaults are ipyparallel's.
public struct ControllerOptions: Sendable, Hashable {
  /// Where the sockets are bound.
  public struct Network: Sendable, Hashable {
    /// `tcp` or `ipc`.
    public var engineTransport = "tcp"
    /// A host address, `*` for all; for `ipc` the path that socket files start with.
    public var engineAddress = "127.0.0.1"
    /// As ``engineTransport``, for clients.
    public var clientTransport = "tcp"
    /// As ``engineAddress``, for clients.
    public var clientAddress = "127.0.0.1"
    /// The host that peers elsewhere connect to; `nil` for this host's name.
    public var location: String?
    /// Ports for any socket, in order; free ones when they are used up.
    public var ports: [Int] = []
    /// Ports for engines, taken first.
    public var enginePorts: [Int] = []
    /// Ports for clients, taken first.
    public var clientPorts: [Int] = []
    /// The most bytes of a message; 0 for no limit, `nil` for the default. Martlet's own.
    public var maxMessageSize: Int?
    /// A host that clients tunnel through, or empty.
    public var sshServer = ""
    /// A host that engines tunnel through, or empty.
    public var engineSSHServer = ""
  }

  /// Signing and encryption.
  public struct Security: Sendable, Hashable {
    /// Whether sockets encrypt and authenticate with CURVE; `nil`: if other machines can reach one of them. Martlet's own
    /// default, ipyparallel's is no.
    public var enableCurve: Bool?
    /// The controller's public CURVE key in Z85; `nil` to make a new pair.
    public var curvePublicKey: String?
    /// The controller's secret CURVE key in Z85.
    public var curveSecretKey: String?
    /// The key that signs messages: `nil` for a new random one, empty for none. With CURVE there is none unless given.
    public var sessionKey: String?
    /// `hmac-` and a hash.
    public var signatureScheme = "hmac-sha256"
    /// The user name in the header of the controller's messages; `nil` for the default.
    public var username: String?
  }

  /// The task scheduler.
  public struct Scheduler: Sendable, Hashable {
    /// One of leastload, lru, plainrandom, pure, twobin, weighted.
    public var scheme = "leastload"
    /// Tasks an engine may have at once; 0 for no limit. `nil`: 1, and more for Swift engines while tasks are short.
    public var highWaterMark: Int?
    /// Tasks that may be in flight; 0 for no limit, `nil` for the default. Martlet's own.
    public var queueTasks: Int?
    /// Bytes that the tasks in flight may have; 0 for no limit, `nil` for the default. Martlet's own.
    public var queueBytes: Int?
    /// How many engines a task may take; 0 for no limit, `nil` for the default. Martlet's own.
    public var crashLimit: Int?
    /// Levels of the broadcast tree below its root, so 2^depth leaves.
    public var broadcastDepth = 1

    /// All schemes.
    static let schemes = ["leastload", "pure", "lru", "plainrandom", "weighted", "twobin"]
  }

  /// How engines are watched.
  public struct Heartbeat: Sendable, Hashable {
    /// Between two pings.
    public var period = Duration.milliseconds(3000)
    /// Pings an engine may miss in a row.
    public var maxMisses = 10
    /// How long a registration may take; `nil` for the larger of 30 s and ten periods.
    public var registrationTimeout: Duration?
  }

  /// Where tasks and results are recorded.
  public struct Store: Sendable, Hashable {
    /// The kind of a store.
    public enum Kind: String, Sendable, Hashable {
      /// In the controller's memory, within the store's limits; ipyparallel's `DictDB`.
      case memory = "dictdb"
      /// In a SQLite file, which grows without limit and outlives the controller; ipyparallel's `SQLiteDB`.
      case sqlite = "sqlitedb"
      /// Nowhere: the hub answers queries for records with an error; ipyparallel's `NoDB`.
      case none = "nodb"
    }

    /// Which store.
    public var kind = Kind.memory
    /// Records in memory.
    public var recordLimit = 1024
    /// Bytes of buffers in memory.
    public var sizeLimit: Int?
    /// The part of the memory store that is dropped when a limit is reached.
    public var cullFraction = 0.1
    /// The SQLite file.
    public var filename = "tasks.db"
    /// The folder of the SQLite file; the profile by default.
    public var location: String
    /// The SQLite table.
    public var table = "ipython-tasks"
  }

  /// The Python that runs Dask's scheduler for clients that ask for it.
  public struct Python: Sendable, Hashable {
    /// The interpreters to try, in order: the one of `--python`, else that of `MARTLET_PYTHON`, else those of the active
    /// environments and of the `PATH`.
    public var interpreters: [String]
    /// Whether it is run at all.
    public var isAllowed = true

    /// The interpreters of an environment.
    init(environment: [String: String]) {
      if let named = environment["MARTLET_PYTHON"], !named.isEmpty {
        interpreters = [named]
      } else {
        let folders = ["VIRTUAL_ENV", "CONDA_PREFIX"].compactMap { environment[$0] }.filter { !$0.isEmpty }
        interpreters = folders.map { "\($0)/bin/python" } + ["python3"]
      }
    }
  }

  /// Profile, cluster, logging.
  public var application: ApplicationOptions
  /// Where the sockets are bound.
  public var network = Network()
  /// Signing and encryption.
  public var security = Security()
  /// The task scheduler and the broadcast tree.
  public var scheduler = Scheduler()
  /// How engines are watched.
  public var heartbeat = Heartbeat()
  /// Where tasks and results are recorded.
  public var store: Store
  /// The Python that runs Dask's scheduler.
  public var python: Python
  /// Whether connection files are reused at the start and kept at the end.
  public var reuseFiles = false
  /// Whether to take over the engines of a controller that died, from its state file; implies ``reuseFiles``.
  public var restoreEngines = false

  /// Whether load-balanced tasks are kept in a journal, so that a controller that is killed can be started again and go on.
  /// Martlet's own.
  public var journal = false
  /// Whether to drop what an earlier controller has left in the journal. Martlet's own.
  public var newJournal = false

  /// Whether connection files that are reused may be those of a controller on another host. Martlet's own.
  package var mayHaveMoved = false

  /// Defaults in a profile.
  public init(
    application: ApplicationOptions, environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.application = application
    python = Python(environment: environment)
    store = Store(location: application.profile.path)
  }
}

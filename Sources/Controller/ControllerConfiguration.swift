import MartletWire
import MartletZeroMQ

/// The options of a controller. The defaults are ipyparallel's unless noted otherwise.
public struct ControllerConfiguration: Sendable {
  /// An address the controller listens on.
  public struct Interface: Sendable, Hashable {
    /// `tcp`, `ipc` or `inproc`.
    public var transport: String
    /// An IP address or `*` for `tcp`, the beginning of a path for `ipc`, a name for `inproc`.
    public var ip: String

    /// An interface.
    public init(transport: String = "tcp", ip: String = "127.0.0.1") {
      self.transport = transport
      self.ip = ip
    }

    /// The form used in connection files, for example `tcp://127.0.0.1`.
    public var url: String { "\(transport)://\(ip)" }
  }

  /// The heart monitor.
  public struct Heartbeat: Sendable, Hashable {
    /// Time between pings.
    public var period: Duration = .milliseconds(3000)
    /// The pings in a row an engine may miss before it is unregistered.
    public var maxMisses = 10

    /// ipyparallel's defaults.
    public init() {}
  }

  /// The address clients connect to.
  public var clients = Interface()
  /// The address engines connect to.
  public var engines = Interface()
  /// Ports for clients and engines, used in order. When they are used up, the system chooses.
  public var ports: [Int] = []
  /// Ports for clients, used before ``ports``.
  public var clientPorts: [Int] = []
  /// Ports for engines, used before ``ports``.
  public var enginePorts: [Int] = []
  /// The host name in connection files.
  public var location = ProcessIdentity.hostName
  /// The key that signs messages; empty for unsigned messages, `nil` for a random one, or none with CURVE.
  public var key: String?
  /// The HMAC scheme.
  public var signatureScheme = "hmac-sha256"
  /// Whether all sockets encrypt and authenticate with CURVE; `nil`: if other machines can reach one of them. ipyparallel's
  /// default is no.
  public var usesCurve: Bool?
  /// The CURVE keys of the controller; `nil` to make some.
  public var curve: CurveKeyPair?
  /// Where CURVE keys that were made are kept for a controller that takes the place of this one; `nil` for nowhere.
  public var curveFile: String?
  /// The folder of the keys that are admitted by name (`martlet keys`); `nil` for none. While it has none, everybody is
  /// admitted who has the controller's public key.
  public var authorizedKeysFolder: String?
  /// The heart monitor.
  public var heartbeat = Heartbeat()
  /// How the task scheduler chooses engines.
  public var scheme = SchedulingScheme.leastload
  /// Tasks an engine may have at once; 0 for no limit. By default 1, and with the scheme `leastload` a few more for
  /// Martlet's engines while their tasks are short.
  public var hwm: Int?
  /// How many tasks, and bytes of them, may be in flight in the task scheduler; it refuses those beyond. By default an eighth
  /// of the memory that the process may have, at most 4 GiB.
  public var queueLimit = QueueLimit(bytes: AvailableMemory.requests)
  /// A task ends when it has taken so many engines that died while they ran it, even if it has retries left; 0 for no
  /// limit. A task that ends its engine's process would otherwise take one engine after the other.
  public var crashLimit = 3
  /// The depth of the tree of broadcast schedulers: engines are spread over 2^depth sockets.
  public var broadcastDepth = 1
  /// The storage of task records.
  public var store = TaskStoreConfiguration()
  /// How long the hub waits for an engine's first heartbeat, and for the last messages of a dead engine. `nil` for ten
  /// heartbeat periods, at least 30 s.
  public var registrationTimeout: Duration?
  /// The connection file for clients; `nil` writes none.
  public var clientFile: ConnectionFile?
  /// The connection file for engines; `nil` writes none.
  public var engineFile: ConnectionFile?
  /// Whether to keep the connection files on exit, and to take key, ports and CURVE keys from existing ones.
  public var reusesFiles = false
  /// Whether addresses in existing connection files are those of an earlier host: then ``location`` and the addresses to listen
  /// at are as configured, and ports only the same if they are free.
  package var mayHaveMoved = false
  /// The file the engine table is saved to; `nil` saves none.
  public var engineStateFile: String?
  /// Whether to continue with the engines of the saved table.
  public var restoresEngines = false
  /// Where load-balanced tasks are kept in case the controller is killed; `nil` for nowhere. A controller that finds a
  /// journal goes on with the tasks, the addresses, the key and the engines of the one that left it.
  public var journalFile: String?
  /// Whether to drop what an earlier controller has left in the journal.
  public var startsNewJournal = false
  /// The ssh server that clients tunnel through, for their connection file.
  public var ssh = ""
  /// The ssh server that engines tunnel through, for their connection file.
  public var engineSSH = ""
  /// How Dask's scheduler is started for clients that ask for it.
  public var dask = DaskConfiguration()
  /// libzmq I/O threads.
  public var ioThreads = 1
  /// The most bytes of a message: one with more is refused, and a frame with more closes the connection it comes from. By
  /// default a quarter of the memory that the process may have; `nil` for no limit.
  public var maxMessageSize: Int? = AvailableMemory.message

  /// The defaults.
  public init() {}

  /// The task scheduler's options.
  var scheduling: TaskSchedulerState<HeldMessage>.Configuration {
    .init(scheme: scheme, hwm: hwm, queueLimit: queueLimit, crashLimit: crashLimit)
  }

  /// The registration timeout in use.
  var effectiveRegistrationTimeout: Duration {
    registrationTimeout ?? max(.seconds(30), heartbeat.period * 10)
  }
}

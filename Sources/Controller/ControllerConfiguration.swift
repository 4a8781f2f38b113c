import MartletWire
import MartletZeroMQ

/// Everything a controller can be told. The defaults are ipyparallel's unless said otherwise.
public struct ControllerConfiguration: Sendable {
  /// Where one side of the controller listens.
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

    /// As it stands in connection files, for example `tcp://127.0.0.1`.
    public var url: String { "\(transport)://\(ip)" }
  }

  /// The heart monitor.
  public struct Heartbeat: Sendable, Hashable {
    /// Time between pings.
    public var period: Duration = .milliseconds(3000)
    /// Pings an engine may miss in a row before it is given up.
    public var maxMisses = 10

    /// ipyparallel's defaults.
    public init() {}
  }

  /// Where clients connect.
  public var clients = Interface()
  /// Where engines connect.
  public var engines = Interface()
  /// Ports for either side, used up in order before the system chooses.
  public var ports: [Int] = []
  /// Ports for clients, used before ``ports``.
  public var clientPorts: [Int] = []
  /// Ports for engines, used before ``ports``.
  public var enginePorts: [Int] = []
  /// The host name in connection files.
  public var location = ProcessIdentity.hostName
  /// The key that signs messages; `nil` for a random one, empty for unsigned messages.
  public var key: String?
  /// The HMAC scheme.
  public var signatureScheme = "hmac-sha256"
  /// The CURVE keys of the controller; `nil` without CURVE.
  public var curve: CurveKeyPair?
  /// The heart monitor.
  public var heartbeat = Heartbeat()
  /// How the task scheduler chooses engines.
  public var scheme = SchedulingScheme.leastload
  /// Tasks an engine may have at once; 0 for no limit. By default 1, and with the scheme `leastload` a few more for
  /// Martlet's engines while their tasks are short.
  public var hwm: Int?
  /// How many tasks, and bytes of them, may be in flight in the task scheduler; it refuses those beyond.
  public var queueLimit = QueueLimit()
  /// Depth of the tree of broadcast schedulers; engines are spread over 2 to the power of it sockets.
  public var broadcastDepth = 1
  /// Where task records are kept.
  public var store = TaskStoreConfiguration()
  /// How long an engine's registration and a dead engine's messages are waited for; `nil`: ten heartbeat periods, at
  /// least 30 s.
  public var registrationTimeout: Duration?
  /// The connection file for clients; `nil` writes none.
  public var clientFile: ConnectionFile?
  /// The connection file for engines; `nil` writes none.
  public var engineFile: ConnectionFile?
  /// Keep the connection files on exit and take key and ports from those that are there.
  public var reusesFiles = false
  /// Where the engine table is saved; `nil` saves none.
  public var engineStateFile: String?
  /// Take over the engines of the saved table.
  public var restoresEngines = false
  /// The ssh server clients tunnel through, for their connection file.
  public var ssh = ""
  /// The ssh server engines tunnel through, for their connection file.
  public var engineSSH = ""
  /// libzmq I/O threads.
  public var ioThreads = 1
  /// Frames with more bytes than this close the connection they come from; `nil` for no limit.
  public var maxMessageSize: Int?

  /// The defaults.
  public init() {}

  /// The task scheduler's options.
  var scheduling: TaskSchedulerState<HeldMessage>.Configuration {
    .init(scheme: scheme, hwm: hwm, queueLimit: queueLimit)
  }

  /// The registration timeout in force.
  var effectiveRegistrationTimeout: Duration {
    registrationTimeout ?? max(.seconds(30), heartbeat.period * 10)
  }
}

import MartletWire
import MartletZeroMQ

/// How an engine reaches its controller and how it behaves.
public struct EngineConfiguration: Sendable {
  /// The controller, as read from the engines' connection file.
  public var connection: ConnectionInfo
  /// The engine's uuid: its routing identity on every socket. Default: a random one.
  public var uuid: String
  /// The id the engine asks the hub for, ipyparallel's `IPEngine.id`; `nil` leaves the choice to the hub.
  public var requestedID: Int?
  /// The engine's own CURVE keys (`IPP_CURVE_PUBLICKEY` and `IPP_CURVE_SECRETKEY`); if `nil`, a pair is generated
  /// when the connection uses CURVE.
  public var curveKeys: CurveKeyPair?
  /// How long the hub may take to answer the registration, ipyparallel's `IPEngine.timeout`. Default: 10 s.
  public var registrationTimeout: Duration
  /// After how many missed pings of the hub the controller is lost, even if it is still connected, ipyparallel's
  /// `IPEngine.max_heartbeat_misses`; 0 means never. Default: 50, as in ipyparallel.
  public var maxHeartbeatMisses: Int
  /// What the engine does when its controller is lost, `IPEngine.on_controller_lost`. Default: it waits for one that returns.
  public var onControllerLost: ControllerLossPolicy
  /// How long an engine that reconnects waits for a controller before it leaves, `IPEngine.reconnect_timeout`. Without a
  /// limit if ``maxHeartbeatMisses`` is 0. Default: 60 s, in which a supervisor can start a controller several times.
  public var reconnectTimeout: Duration
  /// How long an engine that retires may take to finish what it has begun, and with that to clean up, as
  /// ``EngineLifecycle/willStop`` says; one that leaves otherwise may take it to clean up. Default: 25 s, a little less than Kubernetes and
  /// Slurm wait before they kill.
  public var grace: Duration
  /// Reads the connection file again while the controller is missing, because another controller may have written it;
  /// `nil` if the connection comes from elsewhere. It returns `nil` if there is no usable file.
  public var readConnection: (@Sendable () -> ConnectionInfo?)?
  /// Whether output to file descriptors 1 and 2 is published as `stream` messages of the running task. Default: true,
  /// because an engine's output belongs to its clients. Turn it off for an engine inside another program.
  public var captureOutput: Bool
  /// Whether captured output also goes where it went before. Default: false.
  public var echoOutput: Bool
  /// The prefix of the engine's id in the `engine` metadata of its log lines. Default: `engine`.
  public var label: String
  /// Which Python runs Python code for clients. Default: the first usable one, started when a message needs it.
  public var python: PythonConfiguration
  /// What the engine offers to tasks that require something: `["gpu": 2, "memory": .gigabytes(16)]`. Default: nothing.
  public var resources = Resources()
  /// What the program does before the first task and after the last. Default: nothing.
  public var lifecycle = EngineLifecycle()

  /// When the engine retires by itself. Default: never.
  public var limits = EngineLimits()

  /// The descriptors to capture. Tests replace the process's own.
  var capturedDescriptors: [CapturedDescriptor] = [
    CapturedDescriptor(descriptor: 1, name: "stdout"), CapturedDescriptor(descriptor: 2, name: "stderr"),
  ]

  /// Creates a configuration. The properties describe the defaults.
  public init(
    connection: ConnectionInfo, uuid: String = Session.randomID(), requestedID: Int? = nil,
    curveKeys: CurveKeyPair? = nil, registrationTimeout: Duration = .seconds(10), maxHeartbeatMisses: Int = 50,
    onControllerLost: ControllerLossPolicy = .reconnect, reconnectTimeout: Duration = .seconds(60),
    grace: Duration = .seconds(25), captureOutput: Bool = true, echoOutput: Bool = false, label: String = "engine",
    python: PythonConfiguration = PythonConfiguration()
  ) {
    self.connection = connection
    self.uuid = uuid
    self.requestedID = requestedID
    self.curveKeys = curveKeys
    self.registrationTimeout = registrationTimeout
    self.maxHeartbeatMisses = maxHeartbeatMisses
    self.onControllerLost = onControllerLost
    self.reconnectTimeout = reconnectTimeout
    self.grace = grace
    self.captureOutput = captureOutput
    self.echoOutput = echoOutput
    self.label = label
    self.python = python
  }
}

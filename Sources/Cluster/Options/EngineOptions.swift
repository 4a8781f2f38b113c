import Foundation
import MartletEngine
import MartletWire
import MartletZeroMQ

/// What an engine's command line, environment and configuration file say; the defaults are ipyparallel's.
public struct EngineOptions: Sendable, Hashable, RoleReading {
  static let kind = RoleKind.engine

  /// Profile, cluster, logging.
  public var application: ApplicationOptions
  /// The connection file: `--file`, or the profile's.
  public var connectionFile: ConnectionFile
  /// Whether the connection comes as a line of standard input, `--file=-`. The engine ends when that does: whoever started
  /// it is gone then.
  public var readsStandardInput = false
  /// How long to wait for the connection file to appear.
  public var connectionFileTimeout = Duration.seconds(10)
  /// The content of `IPP_CONNECTION_INFO`, which is used instead of the file.
  public var connectionInfo: ConnectionInfo?
  /// The uuid that the process which started the engine has chosen; `nil` for a random one.
  public var uuid: String?
  /// Replaces the location in the connection file.
  public var location: String?
  /// How long the controller may take to answer the registration.
  public var registrationTimeout = Duration.seconds(5)
  /// Heartbeats the controller may miss before it is lost; 0 to stay whatever happens.
  public var maxHeartbeatMisses = 50
  /// What to do when the controller is lost: `reconnect`, `finish` or `stop`. Martlet's own.
  public var onControllerLost = ControllerLossPolicy.reconnect
  /// How long `reconnect` waits for a controller. Martlet's own.
  public var reconnectTimeout = Duration.seconds(60)
  /// How long the engine may take to finish what it has begun after a SIGTERM. Martlet's own.
  public var grace = Duration.seconds(25)
  /// The id to ask for, or `nil` for any.
  public var id: Int?
  /// The engine's public CURVE key in Z85; `nil` to make a new pair.
  public var curvePublicKey: String?
  /// The engine's secret CURVE key.
  public var curveSecretKey: String?
  /// The controller's public CURVE key, used where the connection file has none.
  public var curveServerKey: String?
  /// The signing key, used where the connection file has none.
  public var sessionKey: String?
  /// A host to tunnel through; replaces the connection file's. Empty for a direct connection.
  public var sshServer: String?
  /// The file of a key for ssh; `nil` for those of its configuration and agent.
  public var sshKey: String?
  /// What the engine offers to tasks that require something. Martlet's own.
  public var resources = Resources()
  /// When the engine retires by itself. Martlet's own.
  public var limits = EngineLimits()
  /// When the job that the engine runs in ends, as far as its environment says, unless ``limits`` have a time or the options
  /// say that there is none. Martlet's own.
  public var allocationEnd: ContinuousClock.Instant?
  /// Whether the engine is one of several that were started at once and end together.
  public var isOneOfSet = false
  /// Which Python the engine runs Python code with, whether, and from when.
  public var python = PythonConfiguration()

  /// Reads the options of an engine.
  ///
  /// - Parameters:
  ///   - arguments: the command line without the program's name.
  ///   - environment: of the process.
  /// - Returns: the options, and warnings about what was not understood.
  /// - Throws: ``OptionError`` for a value that can't be used.
  public static func read(
    _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(OptionError) -> (options: EngineOptions, warnings: [String]) {
    try RoleOptions.read(arguments, environment: environment)
  }

  init(_ role: inout RoleOptions) throws(OptionError) {
    application = role.application
    let classes = Self.kind.classes
    connectionFile = ConnectionFile(
      .engine, profileDirectory: application.profile.path, clusterID: application.clusterID)
    var name: String?
    try role.reader.readNonEmpty(&name, "url_file_name", of: classes)
    if let name { connectionFile = ConnectionFile(path: "\(application.profile.security)/\(name)") }
    var file: String?
    try role.reader.readNonEmpty(&file, "url_file", of: classes)
    readsStandardInput = file == "-"
    if let file { connectionFile = ConnectionFile(path: file) }
    try role.reader.read(&connectionFileTimeout, "wait_for_url_file", of: classes, as: .seconds)
    if let text = role.environment["IPP_CONNECTION_INFO"], !text.isEmpty, file == nil {
      connectionInfo = try Self.connectionInfo(text)
    }
    if let uuid = role.environment[Self.uuidVariable] {
      guard (1...255).contains(uuid.utf8.count) else {
        throw OptionError("\(Self.uuidVariable) should be 1 to 255 bytes")
      }
      self.uuid = uuid
    } else if let set = role.environment[Self.setUUIDVariable], (1...200).contains(set.utf8.count) {
      isOneOfSet = true
      uuid = Self.rank(role.environment).map { Self.uuid(ofSet: set, rank: $0) }
    }
    try role.reader.read(&location, "location", of: classes, as: .text)
    try role.reader.read(&registrationTimeout, "timeout", of: classes, as: .seconds)
    try role.reader.read(&maxHeartbeatMisses, "max_heartbeat_misses", of: classes, as: .int)
    try role.reader.read(&onControllerLost, "on_controller_lost", of: classes, as: .choice())
    try role.reader.read(&reconnectTimeout, "reconnect_timeout", of: classes, as: .seconds)
    try role.reader.read(&grace, "grace", of: classes, as: .seconds)
    try role.reader.read(&resources, "resources", of: classes, as: .resources)
    try readLimits(&role.reader, classes, environment: role.environment)
    try role.reader.read(&id, "id", of: classes, as: .int)
    try role.reader.readNonEmpty(&curvePublicKey, "curve_publickey", of: classes)
    try role.reader.readNonEmpty(&curveSecretKey, "curve_secretkey", of: classes)
    try role.reader.readNonEmpty(&curveServerKey, "curve_serverkey", of: classes)
    sessionKey = try SessionOptions.key(&role.reader)
    try role.reader.read(&sshServer, "sshserver", of: classes, as: .text)
    try role.reader.readNonEmpty(&sshKey, "sshkey", of: classes)
    try python.read(&role.reader, classes)
    python.startup.find(in: application.profile)
  }

  /// The environment variable in which the process that starts an engine names it, so that it can tell the hub when the
  /// engine has ended.
  static let uuidVariable = "MARTLET_ENGINE_UUID"

  /// The environment variable that takes the place of ``uuidVariable`` for engines that are started together and have
  /// the same environment, but for their rank.
  static let setUUIDVariable = "MARTLET_ENGINE_SET_UUID"

  /// Where Open MPI, MPICH and others, Slurm, and our script for HTCondor tell a process its rank.
  private static let rankVariables = [
    "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID", "MARTLET_ENGINE_RANK",
  ]

  /// Where PBS, Grid Engine and LSF tell a process its place in an array of jobs, which counts from 1.
  private static let arrayVariables = ["PBS_ARRAY_INDEX", "PBS_ARRAYID", "SGE_TASK_ID", "LSB_JOBINDEX"]

  private static func rank(_ environment: [String: String]) -> Int? {
    func number(_ names: [String]) -> Int? { names.compactMap { environment[$0].flatMap { Int($0) } }.first }
    if let rank = number(rankVariables) { return rank }
    return number(arrayVariables).flatMap { $0 > 0 ? $0 - 1 : nil }
  }

  /// The uuid of an engine that is started together with others.
  static func uuid(ofSet id: String, rank: Int) -> String { "\(id)-\(rank)" }

  /// What the environment of an engine that this process starts has in another way than its own. It reads its connection
  /// from the file: a key in the environment can be read in `/proc` and is inherited by whatever the engine starts.
  static func environment(uuid: String) -> [String: String?] {
    [uuidVariable: uuid, "IPP_CONNECTION_INFO": nil]
  }

  /// The same for engines that are started together.
  static func environment(setUUID: String) -> [String: String?] {
    [setUUIDVariable: setUUID, "IPP_CONNECTION_INFO": nil]
  }

  private static func connectionInfo(_ text: String) throws(OptionError) -> ConnectionInfo {
    do {
      return try ConnectionInfo(json: try JSONValue.parse(Bytes(text)))
    } catch {
      throw OptionError("IPP_CONNECTION_INFO is unusable: \(error)")
    }
  }

  /// The controller's addresses from the environment, or from the connection file once it has appeared. Options replace
  /// or complete its fields. If they have a host to tunnel through, its network is where they are.
  ///
  /// - Throws: `ConnectionError` if the file doesn't appear in time or is unusable; `CancellationError`.
  public func connection() async throws -> ConnectionInfo {
    let info: ConnectionInfo
    if readsStandardInput {
      info = try await Self.connectionFromStandardInput()
    } else if let connectionInfo {
      info = connectionInfo
    } else {
      info = try await connectionFile.read(within: connectionFileTimeout)
    }
    return completed(info)
  }

  /// What the connection file says now; `nil` if it can't be used, or if the addresses come from the environment.
  public func currentConnection() -> ConnectionInfo? {
    guard connectionInfo == nil, !readsStandardInput else { return nil }
    return (try? connectionFile.read()).map(completed)
  }

  private static func connectionFromStandardInput() async throws -> ConnectionInfo {
    guard let line = try await Lifeline.firstLine() else {
      throw ConnectionError("standard input ended before it had a line with the connection (--file=-)")
    }
    do {
      return try ConnectionInfo(json: try JSONValue.parse(Bytes(line)))
    } catch {
      throw ConnectionError("the connection on standard input is unusable: \(error)")
    }
  }

  private func completed(_ info: ConnectionInfo) -> ConnectionInfo {
    var info = info
    if let location { info.location = location }
    if info.key.isEmpty, let sessionKey { info.key = sessionKey }
    if info.curveServerKey == nil, let curveServerKey { info.curveServerKey = curveServerKey }
    return info.routed(through: sshServer)
  }
}

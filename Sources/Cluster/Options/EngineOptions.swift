import Foundation
import MartletWire
import MartletZeroMQ

/// What an engine's command line, environment and configuration file say; the defaults are ipyparallel's.
public struct EngineOptions: Sendable, Hashable {
  /// Profile, cluster, logging.
  public var application: ApplicationOptions
  /// The connection file: `--file`, or the profile's.
  public var connectionFile: ConnectionFile
  /// How long to wait for the connection file to appear.
  public var connectionFileTimeout = Duration.seconds(10)
  /// The content of `IPP_CONNECTION_INFO`, which is used instead of the file.
  public var connectionInfo: ConnectionInfo?
  /// Replaces the location in the connection file.
  public var location: String?
  /// How long the controller may take to answer the registration.
  public var registrationTimeout = Duration.seconds(5)
  /// Heartbeats the controller may miss before the engine leaves; 0 to stay for ever.
  public var maxHeartbeatMisses = 50
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
  /// A host to tunnel through; replaces the connection file's.
  public var sshServer: String?
  /// Python code to run at the start, for engines with Python.
  public var startupCommand: String?
  /// A Python script to run at the start.
  public var startupScript: String?

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
    var role = try RoleOptions(.engine, arguments: arguments, environment: environment)
    let options = try EngineOptions(&role.reader, application: role.application, environment: environment)
    return (options, role.allWarnings)
  }

  private init(
    _ reader: inout OptionReader, application: ApplicationOptions, environment: [String: String]
  ) throws(OptionError) {
    self.application = application
    let classes = RoleKind.engine.classes
    connectionFile = ConnectionFile(
      .engine, profileDirectory: application.profile.path, clusterID: application.clusterID)
    if let name = try reader.string("url_file_name", classes) {
      connectionFile = ConnectionFile(path: "\(application.profile.security)/\(name)")
    }
    let file = try reader.string("url_file", classes)
    if let file, !file.isEmpty { connectionFile = ConnectionFile(path: file) }
    if let seconds = try reader.double("wait_for_url_file", classes) { connectionFileTimeout = .seconds(seconds) }
    if let text = environment["IPP_CONNECTION_INFO"], !text.isEmpty, file == nil {
      connectionInfo = try Self.connectionInfo(text)
    }
    location = try reader.string("location", classes)
    if let seconds = try reader.double("timeout", classes) { registrationTimeout = .seconds(seconds) }
    maxHeartbeatMisses = try reader.int("max_heartbeat_misses", classes) ?? maxHeartbeatMisses
    id = try reader.int("id", classes)
    curvePublicKey = try reader.string("curve_publickey", classes) ?? environment["IPP_CURVE_PUBLICKEY"]
    curveSecretKey = try reader.string("curve_secretkey", classes) ?? environment["IPP_CURVE_SECRETKEY"]
    curveServerKey = try reader.string("curve_serverkey", classes) ?? environment["IPP_CURVE_SERVERKEY"]
    sessionKey = try SessionOptions.key(&reader)
    sshServer = try reader.string("sshserver", classes)
    startupCommand = try reader.string("startup_command", classes)
    startupScript = try reader.string("startup_script", classes)
    reader.accept(["enable_nanny", "use_mpi", "paramiko", "sshkey", "mpi_registration_delay", "init_mpi"], classes)
    reader.accept(["username", "signature_scheme"], ["Session"])
  }

  private static func connectionInfo(_ text: String) throws(OptionError) -> ConnectionInfo {
    do {
      return try ConnectionInfo(json: try JSONValue.parse(Bytes(text)))
    } catch {
      throw OptionError("IPP_CONNECTION_INFO is unusable: \(error)")
    }
  }

  /// The controller's addresses, from the environment or the connection file, which may still have to appear; with the
  /// options that replace or complete what stands there.
  ///
  /// - Throws: `ConnectionError` when there is none in time or it is unusable; `CancellationError`.
  public func connection() async throws -> ConnectionInfo {
    var info: ConnectionInfo
    if let connectionInfo {
      info = connectionInfo
    } else {
      info = try await connectionFile.read(within: connectionFileTimeout)
    }
    if let location { info.location = location }
    if let sshServer { info.ssh = sshServer }
    if info.key.isEmpty, let sessionKey { info.key = sessionKey }
    if info.curveServerKey == nil, let curveServerKey, !curveServerKey.isEmpty { info.curveServerKey = curveServerKey }
    return info.resolvingHost()
  }
}

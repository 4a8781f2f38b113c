import Foundation
import Logging
import MartletWire
import MartletZeroMQ
import Synchronization

/// A connection to a running cluster: finds its engines and calls functions on them.
///
/// ```swift
/// let client = try await Client.connect()
/// let lengths = try await client[...].map(wordLength, words).value
/// ```
/// Everything may be used from any thread. The client closes when nothing refers to it any more, or with ``close()``.
public final class Client: Sendable {
  /// How to reach the controller.
  public let connectionInfo: ConnectionInfo
  /// How the client behaves.
  public let configuration: ClientConfiguration
  let connection: Connection
  let messageIDs = MessageIDs()

  private init(_ info: ConnectionInfo, _ configuration: ClientConfiguration) throws {
    connectionInfo = info
    self.configuration = configuration
    connection = try Connection(info: info, session: messageIDs.session, logger: configuration.logger)
  }

  deinit { connection.shutDown(.closed) }

  /// Connects to a controller.
  ///
  /// - Parameters:
  ///   - info: what stands in the controller's connection file for clients.
  ///   - configuration: how the client behaves.
  /// - Throws: ``ClientError/Code/connectionFile`` for an unusable connection, ``ClientError/Code/timeout`` when the hub
  ///   does not answer.
  public static func connect(
    _ info: ConnectionInfo, configuration: ClientConfiguration = ClientConfiguration()
  ) async throws -> Client {
    var info = info
    if info.curveServerKey == nil { info.curveServerKey = ProcessInfo.processInfo.environment["IPP_CURVE_SERVERKEY"] }
    if !info.ssh.isEmpty {
      configuration.logger.warning(
        "the connection file asks for an ssh tunnel, which the client does not make: it connects directly")
    }
    let client: Client
    do {
      client = try Client(info, configuration)
      try client.connection.loop.start()
      try await client.connection.open(info, configuration)
    } catch {
      throw ClientError(.connectionFile, "the connection can't be used: \(error)", underlying: error)
    }
    do {
      try await client.refreshEngines(timeout: configuration.connectTimeout)
    } catch let error as ClientError where error.code == .timeout {
      let refused = client.traffic.refused.total
      let hint =
        refused == 0
        ? "is the controller running?" : "\(refused) of its messages were refused: is the key the same on both sides?"
      throw ClientError(
        .timeout, "no answer from the hub at \((try? info.endpoint(.registration)) ?? info.interface): \(hint)")
    }
    return client
  }

  /// Connects to the controller of a connection file, waiting for the file to appear.
  ///
  /// - Parameter connectionFile: path of an `ipcontroller-client.json`.
  /// - Throws: as ``connect(_:configuration:)``.
  public static func connect(
    connectionFile: String, configuration: ClientConfiguration = ClientConfiguration()
  ) async throws -> Client {
    let info = try await ConnectionLookup(path: connectionFile).read(timeout: configuration.connectTimeout)
    return try await connect(info, configuration: configuration)
  }

  /// Connects to the controller of a profile, waiting for its connection file to appear.
  ///
  /// The file is `profile_NAME/security/ipcontroller[-CLUSTERID]-client.json` in `$IPYTHONDIR` or `~/.ipython`.
  ///
  /// - Throws: as ``connect(_:configuration:)``.
  public static func connect(
    profile: String = "default", clusterID: String = "", configuration: ClientConfiguration = ClientConfiguration()
  ) async throws -> Client {
    let lookup = ConnectionLookup(profile: profile, clusterID: clusterID)
    return try await connect(try await lookup.read(timeout: configuration.connectTimeout), configuration: configuration)
  }

  /// Closes the connection; calls that still wait throw ``ClientError/Code/closed``.
  public func close() async {
    connection.shutDown(.closed)
    await connection.loop.waitUntilStopped()
  }

  /// Whether the client was closed, by ``close()`` or because the controller shut down.
  public var isClosed: Bool { connection.outbox.isClosed }

  /// The ids of the registered engines, in order; kept current by the hub's notifications.
  public var ids: [Int] { connection.directory.withLock { $0.engines.ids } }

  /// The registered engines in the order of their ids.
  public var engines: [EngineIdentity] { connection.directory.withLock { $0.engines.engines } }

  /// Messages that were refused or reached nobody so far.
  public var traffic: ClientTraffic { connection.currentTraffic }

  /// The session that stands in the headers of this client's messages.
  public var session: String { messageIDs.session }

  /// The id that belongs, or belonged, to an engine's uuid.
  @Sendable func engineID(_ uuid: String) -> Int? { connection.directory.withLock { $0.engines.id(of: uuid) } }

  /// The engines a call goes to.
  func resolve(_ targets: EngineTargets) throws(ClientError) -> [EngineIdentity] {
    let result: Result<[EngineIdentity], ClientError> = connection.directory.withLock { state in
      do throws(ClientError) {
        return .success(try state.engines.resolve(targets))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}

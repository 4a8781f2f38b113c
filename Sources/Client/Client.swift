import Logging
import MartletTunnels
import MartletWire
import MartletZeroMQ
import Synchronization

/// A connection to a running cluster, which finds its engines and calls functions on them.
///
/// ```swift
/// let client = try await Client.connect()
/// let lengths = try await client[...].map(wordLength, words).value
/// ```
/// Views make the calls: `client[0]` calls functions on one engine, `client[...]` on all of them, ``loadBalanced(targets:)``
/// on whichever is free, and ``broadcast(_:isCoalescing:)`` on many at little cost.
///
/// If the controller can't be reached any more, the client waits for it for ``ClientConfiguration/reconnectTimeout`` and
/// then fails whatever is unfinished with ``ClientError/Code/controllerLost``. When the controller is back, the client finds
/// out what became of its requests, and further calls work.
///
/// A client may be used from any thread. It closes with ``close()``, or when nothing refers to it any more; its views
/// and results do.
public final class Client: Sendable {
  /// The controller's endpoints and key. If the client was made from a connection file that changes while the controller
  /// can't be reached, they change, too. With a tunnel they are sockets of this machine.
  public var connectionInfo: ConnectionInfo { connection.connectionInfo }
  /// How the client behaves.
  public let configuration: ClientConfiguration
  let connection: Connection
  let messageIDs = MessageIDs()
  /// The names that engines keep for this client.
  let references: ReferenceTable
  /// Limits the calls to actors.
  package let actorWindows = ActorWindows()
  /// What leads to the controller, if it can't be reached directly.
  private let tunnel: Tunnel?
  private let waits = Mutex(LogThrottle())
  private let missingResources = Mutex<Set<Resources>>([])
  private static let notedDemands = 100

  private init(_ info: ConnectionInfo, tunnel: Tunnel?, _ configuration: ClientConfiguration) throws {
    self.configuration = configuration
    self.tunnel = tunnel
    references = ReferenceTable(session: messageIDs.session)
    connection = try Connection(info: info, messageIDs: messageIDs, logger: configuration.logger)
  }

  deinit { connection.shutDown(.closed) }

  /// Connects to a controller.
  ///
  /// - Parameters:
  ///   - info: the content of the controller's connection file for clients.
  ///   - ssh: a host to tunnel through that reaches the controller, for example `user@login` or `user@login:2222`. OpenSSH
  ///     makes the tunnel, with your configuration and agent and without questions, and makes it again when it breaks; it
  ///     closes with the client. `nil` for what the connection file says, empty for a direct connection.
  ///   - configuration: how the client behaves.
  /// - Throws: ``ClientError/Code/connectionFile`` if the connection can't be used or ssh fails,
  ///   ``ClientError/Code/timeout`` if the hub does not answer, ``ClientError/Code/invalidArgument`` if the configuration
  ///   is out of range.
  public static func connect(
    _ info: ConnectionInfo, ssh: String? = nil, configuration: ClientConfiguration = ClientConfiguration()
  ) async throws -> Client {
    try await connect(info, file: nil, ssh: ssh, configuration)
  }

  private static func connect(
    _ info: ConnectionInfo, file: ConnectionLookup?, ssh: String?, _ configuration: ClientConfiguration
  ) async throws -> Client {
    let configuration = try configuration.validated()
    let routed = ConnectionLookup.completed(info).routed(through: ssh)
    guard !routed.ssh.isEmpty else { return try await connect(routed, file: file, tunnel: nil, configuration) }
    let tunnel: Tunnel
    do {
      tunnel = try await Tunnel.open(to: routed, within: configuration.connectTimeout, logger: configuration.logger)
    } catch let error as ConnectionError {
      throw ClientError(.connectionFile, error.description, underlying: error)
    }
    do {
      var file = file
      file?.tunnel = tunnel
      return try await connect(tunnel.connection, file: file, tunnel: tunnel, configuration)
    } catch {
      await tunnel.close()
      throw error
    }
  }

  private static func connect(
    _ info: ConnectionInfo, file: ConnectionLookup?, tunnel: Tunnel?, _ configuration: ClientConfiguration
  ) async throws -> Client {
    let client: Client
    do {
      client = try Client(info, tunnel: tunnel, configuration)
      try client.connection.loop.start()
      let context = try Context(ioThreads: configuration.ioThreads)
      try await client.connection.open(info, in: context, linger: configuration.linger)
    } catch {
      throw ClientError(.connectionFile, "the connection can't be used: \(error)", underlying: error)
    }
    do {
      let instance = try await client.findEngines(within: configuration.connectTimeout)
      await client.watchController(instance: instance, file: file)
    } catch let error as ClientError where error.code == .timeout {
      let refused = client.traffic.refused.total
      let hint =
        refused == 0
        ? "is the controller running?\(tunnel?.lastWords.map { " ssh says: \($0)" } ?? "")"
        : "\(refused) of its messages were refused: is the key the same on both sides?"
      let address = tunnel?.destination ?? (try? info.endpoint(.registration)) ?? info.interface
      throw ClientError(.timeout, "no answer from the hub at \(address): \(hint)")
    }
    return client
  }

  /// Connects to the controller that has written a connection file; waits for the file to appear.
  ///
  /// - Parameters:
  ///   - connectionFile: the path of the file, usually called `ipcontroller-client.json`.
  ///   - ssh: a host to tunnel through, see ``connect(_:ssh:configuration:)``.
  ///   - configuration: how the client behaves.
  /// - Throws: as ``connect(_:ssh:configuration:)``.
  public static func connect(
    connectionFile: String, ssh: String? = nil, configuration: ClientConfiguration = ClientConfiguration()
  ) async throws -> Client {
    let lookup = ConnectionLookup(path: connectionFile)
    let info = try await lookup.read(timeout: configuration.connectTimeout.boundedWait)
    return try await connect(info, file: lookup, ssh: ssh, configuration)
  }

  /// Connects to the controller of a profile; waits for its connection file to appear.
  ///
  /// The file is `profile_NAME/security/ipcontroller[-CLUSTERID]-client.json` in `$IPYTHONDIR` or `~/.ipython`.
  ///
  /// - Parameters:
  ///   - profile: the name of the profile.
  ///   - clusterID: the cluster's id, for profiles with several clusters; empty for the one without an id.
  ///   - ssh: a host to tunnel through, see ``connect(_:ssh:configuration:)``.
  ///   - configuration: how the client behaves.
  /// - Throws: as ``connect(_:ssh:configuration:)``.
  public static func connect(
    profile: String = "default", clusterID: String = "", ssh: String? = nil,
    configuration: ClientConfiguration = ClientConfiguration()
  ) async throws -> Client {
    let lookup = ConnectionLookup(profile: profile, clusterID: clusterID)
    let info = try await lookup.read(timeout: configuration.connectTimeout.boundedWait)
    return try await connect(info, file: lookup, ssh: ssh, configuration)
  }

  private func watchController(instance: String?, file: ConnectionLookup?) async {
    var timing = ControllerWatchState.Timing()
    timing.period = configuration.watchPeriod
    timing.timeout = configuration.reconnectTimeout
    timing.hasFile = file != nil
    await connection.startWatch(
      ControllerWatch(
        state: ControllerWatchState(timing: timing, instance: instance, now: .now),
        timeout: configuration.reconnectTimeout, file: file, recover: Self.recovery { [weak self] in self },
        pingPrefix: "\(session)_ping_"))
  }

  /// Closes the connection. Unfinished tasks fail with ``ClientError/Code/closed``, and go on on their engines unless the
  /// view they come from says otherwise: with `cancelsRunning` they are aborted and cancelled now, with
  /// ``LoadBalancedView/abortsOnDisconnect`` the controller aborts those that are queued.
  public func close() async {
    abortAbandoned()
    releaseAll()
    connection.shutDown(.closed)
    await connection.loop.waitUntilStopped()
    await tunnel?.close()
  }

  /// Aborts the calls that nobody is to wait for after this client.
  private func abortAbandoned() {
    let states = connection.outbox.withOutstanding { $0.contexts.map(\.state).filter(\.cancelsRunning) }
    let tasks = states.flatMap { $0.cancel() }
    var seen: Set<String> = []
    let open = tasks.filter { seen.insert($0.id).inserted }
    if !open.isEmpty { abort(open, running: true) }
  }

  /// Whether the client was closed, by ``close()`` or because the controller has shut down.
  public var isClosed: Bool { connection.outbox.isClosed }

  /// The ids of the registered engines in order. The hub's notifications keep them current.
  public var ids: [Int] { connection.directory.withLock { $0.engines.ids } }

  /// The registered engines in the order of their ids.
  public var engines: [RegisteredEngine] { connection.directory.withLock { $0.engines.engines } }

  /// How many messages were refused or dropped so far.
  public var traffic: ClientTraffic { connection.currentTraffic }

  /// The id of the session, which is in the headers of this client's messages.
  public var session: String { messageIDs.session }

  /// Says in the log what tasks wait for when no engine is registered.
  func noteWaitForEngines() {
    guard connection.directory.withLock({ $0.engines.engines.isEmpty }) else { return }
    let hint = configuration.ownEngines != nil ? "" : " (martlet engines -n 4 adds some)"
    waits.withLock {
      $0.log(.notice, "no engine is registered: tasks wait for one\(hint)", to: configuration.logger)
    }
  }

  /// Says in the log what tasks wait for that the engines of the program's own cluster don't offer, once for each demand.
  func noteMissingResources(_ required: Resources) {
    guard let engines = configuration.ownEngines, !engines.contains(where: { $0.covers(required) }),
      missingResources.withLock({ $0.count < Self.notedDemands && $0.insert(required).inserted })
    else { return }
    let options = required.amounts.sorted { $0.key < $1.key }.map { "--resource \($0.key)=\($0.value)" }
    configuration.logger.notice(
      """
      tasks wait: they require \(required), which no engine of this program offers \
      (\(options.joined(separator: " ")) has each of them offer that)
      """)
  }

  /// The id of an engine, also of one that has left.
  @Sendable package func engineID(_ uuid: String) -> Int? { connection.directory.withLock { $0.engines.id(of: uuid) } }

  /// Why an engine has left; `nil` if that is not known, or it has not.
  package func departureReason(of uuid: String) -> String? {
    connection.directory.withLock { $0.engines.departureReason(of: uuid) }
  }

  /// The engines a call goes to, at least one. A call looks them up once: by the next time, others may have registered.
  func resolve(_ targets: EngineTargets) throws(ClientError) -> [RegisteredEngine] {
    let result: Result<[RegisteredEngine], ClientError> = connection.directory.withLock { state in
      do throws(ClientError) {
        return .success(try state.engines.resolve(targets))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}

import Foundation
import Logging
import MartletWire
import MartletZeroMQ
import ServiceLifecycle
import Synchronization

/// The controller: hub, schedulers and heart monitor in one process, on a few event loops.
///
/// ```swift
/// try await Controller(configuration: configuration, logger: logger).run()
/// ```
public final class Controller: Service, Sendable {
  private let configuration: ControllerConfiguration
  private let logger: Logger
  private let hasRun = Atomic<Bool>(false)
  /// `nil` after ``run()``: the sockets close with the parts.
  let parts: Mutex<ControllerParts?>
  /// What the journal of an earlier controller says, until ``run()``.
  private let recovery: Mutex<JournalRecovery?>
  private let socketFiles: [String]
  /// Whether keys are admitted by name.
  private let authorizes: Bool
  private let stopRequests: AsyncStream<Void>
  private let requestStop: AsyncStream<Void>.Continuation

  /// What clients need to connect; also written to ``ControllerConfiguration/clientFile``.
  public let clientConnection: ConnectionInfo
  /// What engines need to connect; also written to ``ControllerConfiguration/engineFile``.
  public let engineConnection: ConnectionInfo

  /// Binds all sockets and writes the connection files. Nothing is served before ``run()``.
  ///
  /// - Parameters:
  ///   - configuration: the options.
  ///   - context: shared with clients and engines of the same process that connect by `inproc`; by default a new one.
  ///   - logger: the destination of the log.
  /// - Throws: ``ConnectionError``, `ZeroMQError` or ``WireError`` when an address, key, scheme or file can't be used.
  public init(configuration: ControllerConfiguration, context: Context? = nil, logger: Logger) throws {
    var configuration = configuration
    if configuration.startsNewJournal { configuration.journalFile.map(JournalDatabase.remove) }
    let journal = try configuration.journalFile.map { try Journal.open(path: $0, logger: logger) }
    let continues = journal?.recovery.isContinuation ?? false
    if continues { configuration.restoresEngines = true }
    let reused = Self.reuse(&configuration, anyway: continues, logger: logger)
    var endpoints = try EndpointBinder(configuration, reused: reused)
    let authorized = configuration.authorizedKeysFolder.map { AuthorizedKeys(folder: $0) }.flatMap {
      $0.isInUse ? $0 : nil
    }
    let curveKeys = try configuration.chooseCurve(
      isExposed: endpoints.isExposed, authorizes: authorized != nil,
      continues: continues || configuration.reusesFiles, logger: logger)
    endpoints.authenticates = authorized != nil
    endpoints.usesCurve = configuration.curve != nil
    let key = configuration.key ?? Session.randomID()
    RoutingIdentities.randomize()
    let sockets = ControllerSockets(
      context: try context ?? Context(ioThreads: configuration.ioThreads), configuration: configuration, key: key)
    (stopRequests, requestStop) = AsyncStream.makeStream()
    let requestStop = requestStop

    recovery = Mutex(journal?.recovery)

    do {
      let parts = try ControllerParts(
        sockets: sockets, endpoints: &endpoints, opened: journal,
        admitting: authorized.map { Gatekeeper.Plan(authorized: $0, own: curveKeys?.own ?? []) }, logger: logger
      ) { requestStop.yield() }
      self.parts = Mutex(parts)
    } catch {
      for file in endpoints.socketFiles { unlink(file) }
      throw error
    }
    socketFiles = endpoints.socketFiles
    self.configuration = configuration
    self.logger = logger
    let client = Self.connection(.client, configuration, key, endpoints)
    let engine = Self.connection(.engine, configuration, key, endpoints)
    authorizes = authorized != nil
    clientConnection = client.with(authorizes ? curveKeys?.client : nil)
    engineConnection = engine.with(authorizes ? curveKeys?.engine : nil)
    // All properties are initialized, so deinit cleans up if one of these throws.
    // Whoever waits for the connection files finds the others complete.
    try authorized?.complete(client: client, engine: engine)
    try configuration.clientFile?.write(clientConnection)
    try configuration.engineFile?.write(engineConnection)
    if let exposure { logger.warning("\(exposure)") }
  }

  /// What it means that other machines can reach the controller and nothing is encrypted; `nil` if that isn't so.
  public var exposure: String? { clientConnection.exposure ?? engineConnection.exposure }

  /// Cleans up after a controller that was never run.
  deinit {
    if parts.withLock({ $0.take() }) != nil { removeFiles() }
  }

  /// Serves until a client asks the hub to shut down, ``stop()`` is called, the task is cancelled or the service group
  /// shuts down. Then closes all sockets, and removes the connection files unless they are to be reused.
  ///
  /// - Throws: ``ControllerError`` if the controller has been run before.
  public func run() async throws {
    guard !hasRun.exchange(true, ordering: .relaxed), let parts = parts.withLock(\.self) else {
      throw ControllerError(.alreadyRun, "a controller runs once: make a new one to serve again")
    }
    do {
      try await parts.start(
        engineInfo: Self.registrationInfo(engineConnection),
        // Keys that are admitted by name let engines in as engines only.
        clientInfo: authorizes ? nil : Self.registrationInfo(clientConnection),
        restoringEngines: configuration.restoresEngines,
        recovery: recovery.withLock { $0.take() }, patience: configuration.effectiveRegistrationTimeout)
    } catch {
      await close()
      throw error
    }
    logger.info("controller ready", metadata: [LogKey.endpoint: "\(clientConnection.interface)"])

    await withGracefulShutdownHandler {
      await withTaskCancellationHandler {
        for await _ in stopRequests { break }
      } onCancel: {
        requestStop.yield()
      }
    } onGracefulShutdown: {
      self.requestStop.yield()
    }
    await close()
  }

  /// Ends ``run()``, or makes it end at once if it is called later.
  public func stop() { requestStop.yield() }

  private func close() async {
    guard let parts = parts.withLock({ $0.take() }) else { return }
    for file in socketFiles { unlink(file) }
    // A controller that goes on with unfinished tasks needs the same key and addresses.
    if await !parts.stop() { removeFiles() }
    logger.info("controller stopped")
  }

  private func removeFiles() {
    for file in socketFiles { unlink(file) }
    guard !configuration.reusesFiles else { return }
    configuration.clientFile?.remove(ifStill: clientConnection)
    configuration.engineFile?.remove(ifStill: engineConnection)
    // Those who have named keys know the controller's, too.
    if !authorizes { configuration.curveFile.map { _ = unlink($0) } }
  }

  /// A connection in the form of registration replies.
  private static func registrationInfo(_ info: ConnectionInfo) -> JSONValue {
    var fields = info.json.objectValue ?? [:]
    // The key must not be on the wire, and an engine that registers has it.
    fields["key"] = nil
    // Nor that of other engines.
    fields["curve_publickey"] = nil
    fields["curve_secretkey"] = nil
    return .object(fields)
  }

  private static func connection(
    _ kind: ConnectionInfo.Kind, _ configuration: ControllerConfiguration, _ key: String, _ endpoints: EndpointBinder
  ) -> ConnectionInfo {
    let isClient = kind == .client
    var info = ConnectionInfo(kind: kind, interface: endpoints.address(isClient ? .client : .engine).publishedURL)
    info.key = key
    info.curveServerKey = configuration.curve?.publicKey
    info.location = configuration.location
    info.signatureScheme = configuration.signatureScheme
    info.ssh = isClient ? configuration.ssh : configuration.engineSSH
    info.ports = endpoints.ports[isClient ? .client : .engine] ?? [:]
    info.taskScheme = isClient ? configuration.scheme.rawValue : nil
    return info
  }

  /// Takes key, interfaces and ports from existing connection files, if they are to be reused; from those of a controller that
  /// may have moved, key and ports.
  ///
  /// - Parameter anyway: whether the journal of an earlier controller was found, whose peers can come back only then.
  private static func reuse(
    _ configuration: inout ControllerConfiguration, anyway: Bool, logger: Logger
  ) -> [EndpointBinder.Side: [ConnectionInfo.Channel: [Int]]] {
    guard configuration.reusesFiles || anyway, let clientFile = configuration.clientFile,
      let engineFile = configuration.engineFile, clientFile.exists, engineFile.exists
    else { return [:] }
    do {
      let (client, engine) = (try clientFile.read(), try engineFile.read())
      guard client.key == engine.key, client.signatureScheme == engine.signatureScheme,
        client.ports[.registration] == engine.ports[.registration]
      else { throw ConnectionError("the client's and the engine's file don't belong together") }
      configuration.key = client.key
      configuration.signatureScheme = client.signatureScheme
      if !configuration.mayHaveMoved {
        configuration.location = client.location
        configuration.clients = interface(client.interface)
        configuration.engines = interface(engine.interface)
      }
      if configuration.ssh.isEmpty { configuration.ssh = client.ssh }
      if configuration.engineSSH.isEmpty { configuration.engineSSH = engine.ssh }
      return [.client: client.ports, .engine: engine.ports]
    } catch {
      logger.error("can't reuse the connection files", metadata: [LogKey.reason: "\(error)"])
      return [:]
    }
  }

  private static func interface(_ url: String) -> ControllerConfiguration.Interface {
    let transport = url.prefix { $0 != ":" }
    return .init(transport: String(transport), ip: String(url.dropFirst(transport.count + "://".count)))
  }
}

extension ConnectionInfo {
  /// The connection for peers with these CURVE keys.
  fileprivate func with(_ keys: CurveKeyPair?) -> ConnectionInfo {
    var info = self
    info.curveKeys = keys
    return info
  }
}

import Foundation
import Logging
import MartletWire
import MartletZeroMQ

/// A controller and its engines as child processes of this one: starts them, watches them, takes them away.
///
/// ```swift
/// let cluster = Cluster(ClusterConfiguration(profile: ProfileDirectory(name: "default")))
/// try await cluster.start()
/// try await cluster.waitForEngines()
/// …
/// await cluster.stop()
/// ```
/// The processes end with this one in any case. A stopped cluster can't be started again.
public actor Cluster {
  /// How far a cluster is.
  public enum State: String, Sendable, Hashable {
    case new, starting, running, stopping, stopped
  }

  /// What was asked for.
  public nonisolated let configuration: ClusterConfiguration
  /// How far the cluster is.
  public private(set) var state = State.new
  /// What runs, as in the cluster file.
  public private(set) var record: ClusterRecord
  private var controller: ChildProcess?
  private var engines: [EngineKey: ChildProcess] = [:]
  private let logger: Logger
  private var observers: [AsyncStream<Void>.Continuation] = []
  private var stopping: Task<Void, Never>?
  /// Whether connection files are to outlive the cluster.
  private var reusesFiles = false

  private struct EngineKey: Hashable {
    let set: String
    let number: Int
  }

  /// A cluster that is not started yet.
  public init(_ configuration: ClusterConfiguration, logger: Logger = Logger(label: "martlet")) {
    self.configuration = configuration
    self.logger = logger
    record = ClusterRecord(clusterID: configuration.clusterID, profile: configuration.profile)
  }

  /// Starts the controller, waits for its connection files, and starts the engines. When that fails, or the task is
  /// cancelled, nothing of it stays.
  ///
  /// - Throws: ``ClusterError`` or ``OptionError`` with what to do about it.
  public func start() async throws {
    guard state == .new else { throw ClusterError("a cluster is started once, this one is \(state.rawValue)") }
    try configuration.profile.create()
    let options = try ControllerOptions.read(sharedArguments + configuration.controllerArguments).options
    reusesFiles = options.reuseFiles
    if let other = try ClusterRecord.read(record.path) {
      guard !other.isAlive else { throw ClusterError.alreadyRunning(record) }
      other.removeFiles(andConnections: !reusesFiles)
    }
    guard !record.isPythonsAlive else { throw ClusterError.alreadyRunning(record, command: "ipcluster") }
    // Files of a controller that was killed would be taken for those of the new one.
    if !reusesFiles { for file in record.connectionFiles { file.remove() } }
    state = .starting
    do {
      try await startController(options)
      if configuration.engines > 0 { try await launchEngines(configuration.engines) }
      try checkNotStopped()
      state = .running
    } catch {
      await stop()
      throw error
    }
  }

  private func startController(_ options: ControllerOptions) async throws {
    let prefix = "ipcontroller-\(configuration.clusterID)-"
    configuration.profile.removeLogs { $0.hasPrefix(prefix) && $0.hasSuffix(".log") }
    var arguments = ["controller"] + sharedArguments
    switch configuration.network {
    case .local where options.network != .init() || reusesFiles: break  // The profile says where.
    case .local:
      let directory = try SocketDirectory.make()
      record.socketDirectory = directory.path
      arguments += ["--transport=ipc", "--ip=\(directory.address)"]
    case .address(let transport, let ip):
      arguments += ["--transport=\(transport)", "--ip=\(ip)"]
    }
    if let location = configuration.location { arguments.append("--location=\(location)") }
    try record.write()
    let child = try await ChildProcess.launch(
      configuration.controllerProgram.adding(arguments + configuration.controllerArguments),
      log: "\(configuration.profile.log)/\(prefix)\(ProcessIdentity.pid).log", grace: configuration.stopGrace)
    try await stopUnlessWanted(child)
    controller = child
    record.controller = .init(pid: child.pid, log: child.log)
    try record.write()
    Task { self.controllerEnded(await child.status) }
    try await waitForConnectionFiles(of: child)
  }

  /// Returns when the controller has written its connection files.
  ///
  /// - Throws: ``ClusterError`` with the controller's own reason as soon as it ends.
  private func waitForConnectionFiles(of controller: ChildProcess) async throws {
    let files = record.connectionFiles
    let timeout = configuration.startTimeout
    do {
      try await withThrowingTaskGroup { group in
        group.addTask { for file in files { _ = try await file.read(within: timeout) } }
        group.addTask {
          await self.wait { $0.hasNoController }
          try Task.checkCancellation()
          throw ClusterError.endedAtStart("the controller", await controller.status, log: controller.log)
        }
        defer { group.cancelAll() }
        try await group.next()
      }
    } catch let error as ConnectionError {
      throw ClusterError("the controller did not start (\(error)); its log is \(controller.log)")
    }
  }

  private var sharedArguments: [String] {
    ["--profile-dir=\(configuration.profile.path)", "--cluster-id=\(configuration.clusterID)"]
  }

  /// Starts more engines in a running cluster; they register some time after.
  ///
  /// - Returns: the name of the new engine set.
  /// - Throws: ``ClusterError`` when the cluster isn't running or a process can't be started.
  @discardableResult
  public func addEngines(_ count: Int) async throws -> String {
    guard state == .running else {
      throw ClusterError("engines can join a running cluster only, this is \(state.rawValue)")
    }
    return try await launchEngines(count)
  }

  @discardableResult
  private func launchEngines(_ count: Int) async throws -> String {
    let set = nextEngineSetID()
    record.engineSets[set] = [:]
    let info = try ConnectionFile(
      .engine, profileDirectory: configuration.profile.path, clusterID: configuration.clusterID
    ).read()
    let environment = ["IPP_CONNECTION_INFO": String(decoding: info.json.bytes.array, as: UTF8.self)]
    for number in 0..<count {
      let child = try await ChildProcess.launch(
        configuration.engineProgram.adding(["engine"] + sharedArguments + configuration.engineArguments),
        environment: environment,
        log: "\(configuration.profile.log)/ipengine-\(configuration.clusterID)-\(set)-\(number).log",
        grace: configuration.stopGrace)
      let key = EngineKey(set: set, number: number)
      try await stopUnlessWanted(child)
      engines[key] = child
      record.engineSets[set]?[number] = .init(pid: child.pid, log: child.log)
      Task { self.engineEnded(key, await child.status) }
    }
    try record.write()
    return set
  }

  private func nextEngineSetID() -> String {
    let base = "\(Int(Date().timeIntervalSince1970))"
    var id = base
    var count = 1
    while record.engineSets[id] != nil {
      id = "\(base)-\(count)"
      count += 1
    }
    return id
  }

  private func controllerEnded(_ status: ExitStatus) {
    controller = nil
    record.controller = nil
    // While it starts, start() throws the reason.
    if state == .running {
      logger.error("the controller ended with \(status), see its log in \(configuration.profile.log)")
    }
    processEnded()
  }

  private func engineEnded(_ key: EngineKey, _ status: ExitStatus) {
    let log = engines.removeValue(forKey: key)?.log ?? ""
    record.engineSets[key.set]?[key.number] = nil
    guard state == .starting || state == .running else { return }
    logger.warning("an engine ended with \(status), see \(log)")
    try? record.write()
    processEnded()
  }

  /// How many engine processes run, registered or not.
  public var engineProcessCount: Int { engines.count }

  /// Whether the controller ended, or none was started.
  var hasNoController: Bool { controller == nil }

  /// Whether nothing is left to register: the controller ended, or all engines did.
  var cannotServe: Bool { controller == nil || (engines.isEmpty && configuration.engines > 0) }

  private func checkNotStopped() throws(ClusterError) {
    guard state == .starting || state == .running else { throw ClusterError("the cluster was stopped meanwhile") }
  }

  /// Ends a process that came up while the cluster was stopped.
  private func stopUnlessWanted(_ child: ChildProcess) async throws {
    guard state != .starting, state != .running else { return }
    await child.stop()
    try checkNotStopped()
  }

  /// Returns when the controller has ended, by itself or because the cluster was stopped, or the task is cancelled.
  public func waitUntilEnded() async { await wait { $0.hasNoController } }

  /// Returns when a condition holds, which is asked whenever a process ends; or when the task is cancelled.
  func wait(until condition: @Sendable (isolated Cluster) -> Bool) async {
    let (changes, observer) = AsyncStream.makeStream(of: Void.self)
    observers.append(observer)
    guard !condition(self) else { return }
    for await _ in changes where condition(self) { return }
  }

  private func processEnded() {
    for observer in observers { observer.yield() }
  }

  /// Ends engines and controller and removes all files of the cluster. Returns when they are gone.
  public func stop() async {
    if stopping == nil, state == .starting || state == .running {
      state = .stopping
      // A task of its own: to clean up is not cancelled.
      stopping = Task { await takeDown() }
    }
    await stopping?.value
  }

  private func takeDown() async {
    // Engines first: their farewell still finds the controller.
    await withTaskGroup { group in
      for engine in engines.values { group.addTask { await engine.stop() } }
    }
    await controller?.stop()
    engines = [:]
    controller = nil
    record.removeFiles(andConnections: !reusesFiles)
    if configuration.removesLogs {
      let id = configuration.clusterID
      configuration.profile.removeLogs { $0.hasPrefix("ipcontroller-\(id)-") || $0.hasPrefix("ipengine-\(id)-") }
    }
    state = .stopped
    processEnded()
  }
}

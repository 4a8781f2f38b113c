import Foundation
import Logging

/// Starts, watches and stops a controller and its engines as child processes of this process.
///
/// ```swift
/// let cluster = Cluster(ClusterConfiguration(profile: ProfileDirectory(name: "default")))
/// try await cluster.start()
/// try await cluster.waitForEngines()
/// …
/// await cluster.stop()
/// ```
/// The processes end with this one, however it ends. A stopped cluster can't be started again.
public actor Cluster {
  /// The stages of a cluster's life.
  public enum State: String, Sendable, Hashable {
    /// It has not been started yet.
    case new
    /// ``Cluster/start()`` is at work.
    case starting
    /// The controller and all engines were started. They may have ended since: the cluster stays in this stage until
    /// ``Cluster/stop()``.
    case running
    /// The processes are being stopped, by ``Cluster/stop()`` or because the start failed.
    case stopping
    /// All processes have ended, and the cluster's files are gone unless they are to be reused.
    case stopped
  }

  /// The cluster to start.
  public nonisolated let configuration: ClusterConfiguration
  /// The current stage.
  public private(set) var state = State.new
  /// The running processes, as in the cluster file.
  package internal(set) var record: ClusterRecord
  /// The id of the controller's process, or of the ssh that stands for it; `nil` before it starts and after it ends, and for
  /// a job.
  public var controllerProcessID: Int? { record.controllerProcess?.pid }
  var controller: (any RunningEngines)?
  /// The controller's command line.
  var controllerArguments: [String] = []
  /// When a controller that ended is started again.
  var controllerRestarts: EngineRestarts<ControllerKey>
  /// The task that waits until the controller is to be started again, and starts it.
  var controllerRestart: Task<Void, Never>?
  /// How the controller ended, if it did.
  var controllerLoss: ClusterError?
  var engines: [EngineKey: any RunningEngines] = [:]
  /// How the engines of each engine set are started.
  var groups: [String: EngineGroup] = [:]
  /// The groups of engines, by name.
  var groupTable = GroupTable()
  /// When groups that could not be started with the cluster are tried again.
  var groupStarts = EngineRestarts<String>(policy: .groups)
  /// The tasks that wait until a group is to be tried again, and start it.
  var groupTasks: [String: Task<Void, Never>] = [:]
  /// Watches the groups that grow and shrink by themselves.
  var autoscaling: Task<Void, Never>?
  var control: ControlServer?
  /// The latest process in each place for an engine.
  var places: [EngineKey: EnginePlace] = [:]
  /// When engines that ended are started again.
  var restarts: EngineRestarts<EngineKey>
  /// How engines ended that were not told to, by their places.
  var endings: [EngineKey: EngineEnding] = [:]
  /// The hosts of ssh on which engines fail at once.
  var health: HostHealth
  /// The same for the nodes of batch schedulers.
  var nodeHealth: [BatchSystem: HostHealth] = [:]
  /// The tasks that wait until an engine is to be started again, and start it.
  var restartTasks: [EngineKey: Task<Void, Never>] = [:]
  let logger: Logger
  /// The callers that wait for a process to end, by observer number.
  private var observers: [Int: AsyncStream<Void>.Continuation] = [:]
  private var lastObserver = 0
  var lastEngineSet = 0
  private var stopping: Task<Void, Never>?
  /// Whether a process has ended unexpectedly or the start has failed, of which logs may say more.
  var hasFailed = false
  /// Whether connection files outlive the cluster.
  var reusesFiles = false
  /// Held while the cluster has files.
  var lock: LockFile?
  var sockets: SocketDirectory?

  /// A cluster that has not been started.
  public init(_ configuration: ClusterConfiguration, logger: Logger = Logger(label: "martlet")) {
    self.configuration = configuration
    self.logger = logger
    restarts = EngineRestarts(policy: configuration.restartPolicy)
    // A scheduler may be away for a while.
    controllerRestarts = EngineRestarts(policy: configuration.isControllerJob ? EngineRestartPolicy() : .controller)
    health = HostHealth(policy: configuration.hostPolicy)
    record = ClusterRecord(files: ClusterFiles(clusterID: configuration.clusterID, profile: configuration.profile))
  }

  /// Starts the controller, waits for its connection files, and starts the engines. On failure or cancellation, stops
  /// and removes everything again.
  ///
  /// - Throws: ``ClusterError`` or ``OptionError`` that says what to do about it.
  public func start() async throws {
    guard state == .new else { throw ClusterError("a cluster is started once, this one is \(state.rawValue)") }
    try configuration.profile.create()
    let options = try ControllerOptions.read(configuration.controllerOptions).options
    reusesFiles = options.reuseFiles
    state = .starting
    do {
      try await claimFiles()
      try checkNotStopped()
      try await openSockets()
      try await startController(options)
      try await launchGroups()
      try checkNotStopped()
      state = .running
      startAutoscaling()
    } catch {
      hasFailed = !(error is CancellationError)
      await stop()
      throw error
    }
  }

  /// Whether the controller has ended and is not started again, or was never started.
  var hasNoController: Bool { controller == nil && controllerRestart == nil }

  /// Whether no engine can register any more, because the controller or all engines have ended and none is
  /// started again.
  var cannotServe: Bool {
    hasNoController
      || (engines.isEmpty && configuration.engineCount > 0 && restarts.counts.waiting == 0 && groupTasks.isEmpty)
  }

  /// Whether all engines have ended, at least one of them unexpectedly, and none is started again, neither in the place of
  /// another nor for new work.
  var hasLostEngines: Bool {
    engines.isEmpty && groupTable.autoscaled.isEmpty && groupTasks.isEmpty && restarts.counts.waiting == 0
      && groupTable.wanted > 0
      && places.values.contains { $0.end.map { !$0.isWanted } ?? false }
  }

  private func checkNotStopped() throws(ClusterError) {
    guard state == .starting || state == .running else {
      throw ClusterError("the cluster was stopped while it started")
    }
  }

  /// Stops a process that started while the cluster was being stopped.
  func stopUnlessWanted(_ running: any RunningEngines) async throws {
    guard state != .starting, state != .running else { return }
    await running.stop()
    try checkNotStopped()
  }

  /// Returns when the controller has ended, by itself or because the cluster was stopped, or when the task is
  /// cancelled.
  public func waitUntilEnded() async { await wait { $0.hasNoController } }

  /// Returns when a condition holds or the task is cancelled. The condition is checked whenever a process ends.
  func wait(until condition: @Sendable (isolated Cluster) -> Bool) async {
    guard !condition(self) else { return }
    let (changes, observer) = AsyncStream.makeStream(of: Void.self)
    lastObserver += 1
    let id = lastObserver
    observers[id] = observer
    defer { observers[id] = nil }
    for await _ in changes where condition(self) { return }
  }

  /// The number of callers that wait for a process to end.
  var observerCount: Int { observers.count }

  func processEnded() {
    for observer in observers.values { observer.yield() }
  }

  /// Stops the engines and the controller and removes all files of the cluster. Returns when they are gone.
  public func stop() async {
    if stopping == nil, state == .starting || state == .running {
      state = .stopping
      // A separate task, because the caller's may be cancelled.
      stopping = Task { await takeDown() }
    }
    await stopping?.value
  }

  private func takeDown() async {
    autoscaling?.cancel()
    await autoscaling?.value
    await control?.stop()
    control = nil
    let tasks = Array(restartTasks.values) + Array(groupTasks.values)
    for task in tasks { task.cancel() }
    for task in tasks { await task.value }
    controllerRestart?.cancel()
    await controllerRestart?.value
    controllerRestart = nil
    await endEnginesOfJobs()
    // Stop the engines first, while the controller can still receive their goodbyes.
    await Self.stop(Array(engines.values))
    await controller?.stop()
    engines = [:]
    controller = nil
    // Without the lock, the files belong to another cluster.
    if let lock = lock.take() {
      let files = record.files
      files.remove(connections: reusesFiles ? [] : files.connections)
      sockets.take()?.remove()
      lock.remove()
    }
    if configuration.removesLogs {
      try? FileManager.default.removeItem(atPath: record.files.engineTable)
      let id = configuration.clusterID
      // An error that was thrown names them.
      if !hasFailed {
        configuration.profile.removeLogs { $0.hasPrefix("ipcontroller-\(id)-") || $0.hasPrefix("ipengine-\(id)-") }
      }
    }
    state = .stopped
    processEnded()
  }

  static func stop(_ engines: [any RunningEngines]) async {
    await withTaskGroup { group in
      for engine in engines { group.addTask { await engine.stop() } }
    }
  }
}

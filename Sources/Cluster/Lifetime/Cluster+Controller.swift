import Foundation
import Logging
import MartletWire

/// Starting the controller, and its end.
extension Cluster {
  func startController(_ options: ControllerOptions) async throws {
    let prefix = "ipcontroller-\(configuration.clusterID)-"
    configuration.profile.removeLogs { $0.hasPrefix(prefix) && $0.hasSuffix(".log") }
    let address: String?
    switch configuration.network {
    case .local where options.network != .init() || reusesFiles: address = nil  // The profile says where.
    case .local where !configuration.leavesThisMachine: address = sockets?.address
    case .local, .address: address = nil
    }
    let arguments = configuration.controllerArguments(
      socketAddress: address, hasOwnNetwork: options.network != .init() || reusesFiles)
    try record.write()
    controllerArguments = arguments
    if configuration.isControllerJob { record.files.removeWork() }
    try await waitForConnectionFiles(of: try await launchController(isFirst: true))
  }

  /// - Parameter isFirst: whether connection files that are there are another controller's, unless they are to be reused.
  @discardableResult
  private func launchController(isFirst: Bool) async throws -> any RunningEngines {
    let launch = try configuration.controllerLaunch(
      controllerArguments + configuration.restartArguments(isFirst: isFirst), label: "\(ProcessIdentity.pid)",
      sockets: record.socketDirectory, replacesFiles: isFirst && !reusesFiles)
    let files = record.files
    let running = try await launch.start(
      connection: { try files.engineConnection.read() }, grace: configuration.stopGrace)
    if let remote = running as? RemoteEngine {
      try await remote.waitUntilConnected { [weak self] in await self?.takesEngines ?? false }
    }
    try await stopUnlessWanted(running)
    controller = running
    controllerRestarts.started(ControllerKey(), at: .now)
    record.controller = running.entry(engines: 1)
    record.controllerHost = ControllerHost(configuration, sockets: record.socketDirectory)
    try record.write()
    Task { self.controllerEnded(await running.status, running) }
    if let job = running as? BatchJob { Task { await self.tellDelays(of: job) } }
    return running
  }

  /// Returns when the controller has written its connection files, and they are here.
  ///
  /// - Throws: ``ClusterError`` with the reason of the controller or of its scheduler, as soon as the controller ends.
  private func waitForConnectionFiles(of controller: any RunningEngines) async throws {
    let files = record.files.connections
    let (configuration, sockets) = (configuration, record.socketDirectory)
    let timeout = configuration.startTimeout
    do {
      try await withThrowingTaskGroup { group in
        group.addTask {
          if configuration.fetchesConnectionFiles { try await configuration.fetchConnectionFiles(sockets: sockets) }
          for file in files { _ = try await file.read(within: .seconds(1 << 30)) }
        }
        group.addTask {
          try await self.waitForStart(within: timeout)
          for file in files { _ = try await file.read(within: .zero) }
        }
        group.addTask {
          await self.wait { $0.hasNoController }
          try Task.checkCancellation()
          throw ClusterError.endedAtStart(Self.name(of: controller), await controller.status, log: controller.log)
        }
        defer { group.cancelAll() }
        try await group.next()
      }
    } catch let error as ConnectionError {
      throw ClusterError("the controller did not start (\(error)); its log is \(controller.log)")
    }
  }

  /// What a controller is called that has ended: a scheduler's or a host's own words follow.
  private static func name(of controller: any RunningEngines) -> String {
    controller is LocalEngines ? "the controller" : "the controller's \(controller.kind)"
  }

  private func controllerEnded(_ status: ExitStatus, _ running: any RunningEngines) {
    controller = nil
    record.controller = nil
    // During the start, start() throws the reason.
    if state == .starting || state == .running { hasFailed = true }
    if let job = running as? BatchJob { controllerRestarts.began(ControllerKey(), at: job.runningSince ?? .now) }
    if state == .running {
      restartControllerLater("\(Self.name(of: running)) ended with \(status)", status, log: running.log)
    }
    processEnded()
  }

  /// Has the controller started again with the same addresses, key and engines, if the cluster does that.
  private func restartControllerLater(_ what: String, _ status: ExitStatus?, log: String) {
    let end = status.map { EngineEnd(of: "process", status: $0, log: log) }
    let words = end?.lastWords.map { ": \($0)" } ?? ""
    controllerLoss = ClusterError("\(what)\(words); its log is \(log)")
    guard configuration.restartsController, !(end.map { hasLeft($0) } ?? false) else {
      return logger.error("\(what)\(words); its log is \(log)")
    }
    switch controllerRestarts.ended(ControllerKey(), at: .now) {
    case .restart(let delay):
      logger.warning("\(what)\(words); it is started again in \(delay); its log is \(log)")
      controllerRestart = Task {
        guard (try? await Task.sleep(for: delay)) != nil else { return }
        await self.restartController(log: log)
      }
    case .giveUp(let ends):
      controllerRestart = nil
      logger.error(
        "\(what)\(words); it is given up because it ended \(ends) times soon after its start; its log is \(log)")
    }
  }

  private func restartController(log: String) async {
    guard state == .running else { return }
    do {
      try await launchController(isFirst: false)
      controllerRestart = nil
    } catch {
      controllerRestart = nil
      guard state == .running else { return }
      restartControllerLater("the controller can't be started again: \(error)", nil, log: log)
      processEnded()
    }
  }

  /// Whether the controller has ended in order or was cancelled, which is meant to stay so.
  private func hasLeft(_ end: EngineEnd) -> Bool {
    // A scheduler that has forgotten the job doesn't say how it ended.
    end.isWanted || end.isCancelled
      || end.isForgotten && !FileManager.default.fileExists(atPath: record.files.controllerLock)
  }

  /// Says what the job with the controller waits for after the start of the cluster: to be started again, by its scheduler
  /// or as another job.
  private func tellDelays(of job: BatchJob) async {
    var told: String?
    while takesEngines, (controller as? BatchJob) === job {
      let delay = state == .running ? job.delay : nil
      if let delay, delay != told { logger.warning("the controller's \(job.kind) waits: \(delay)") }
      told = delay
      guard (try? await Task.sleep(for: .seconds(1))) != nil else { return }
    }
  }

  /// Whether the controller is about to be started again, or its job waits.
  private var isControllerAway: Bool {
    guard let job = controller as? BatchJob else { return controller == nil && !hasNoController }
    return job.delay != nil || job.runningSince == nil
  }

  /// Returns when there is a controller again, or will be none.
  ///
  /// - Throws: `CancellationError`.
  func waitForController() async throws {
    while isControllerAway { try await Task.sleep(for: .seconds(1)) }
  }

  /// The one controller among those that are started again.
  struct ControllerKey: Hashable, Sendable {}
}

extension EngineRestartPolicy {
  /// Sooner than engines, because everyone waits for the controller.
  static let controller = EngineRestartPolicy(
    firstDelay: .milliseconds(100), longestDelay: .seconds(10), steadyTime: .seconds(60), limit: 6)
}

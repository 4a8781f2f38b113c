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
    controllerCommand = configuration.controllerProgram.adding(arguments)
    try await waitForConnectionFiles(of: try await launchController(["--new-journal"]))
  }

  /// - Parameter arguments: options in addition to those of the first start.
  @discardableResult
  private func launchController(_ arguments: [String] = []) async throws -> ChildProcess {
    guard let command = controllerCommand else { throw ClusterError("the cluster has no controller") }
    let child = try await ChildProcess.launch(
      command.adding(arguments),
      log: "\(configuration.profile.log)/ipcontroller-\(configuration.clusterID)-\(ProcessIdentity.pid).log",
      grace: configuration.stopGrace)
    try await stopUnlessWanted(LocalEngines(process: child))
    controller = child
    controllerRestarts.started(ControllerKey(), at: .now)
    record.controller = .init(pid: child.pid, log: child.log)
    try record.write()
    Task { self.controllerEnded(await child.status, log: child.log) }
    return child
  }

  /// Returns when the controller has written its connection files.
  ///
  /// - Throws: ``ClusterError`` with the controller's own reason, as soon as the controller ends.
  private func waitForConnectionFiles(of controller: ChildProcess) async throws {
    let files = record.files.connections
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

  private func controllerEnded(_ status: ExitStatus, log: String) {
    controller = nil
    record.controller = nil
    // During the start, start() throws the reason.
    if state == .starting || state == .running { hasFailed = true }
    if state == .running { restartControllerLater("the controller ended with \(status)", status, log: log) }
    processEnded()
  }

  /// Has the controller started again with the same addresses, key and engines, if the cluster does that.
  private func restartControllerLater(_ what: String, _ status: ExitStatus?, log: String) {
    let words = status.flatMap { EngineEnd(of: "process", status: $0, log: log).lastWords }.map { ": \($0)" } ?? ""
    controllerLoss = ClusterError("\(what)\(words); its log is \(log)")
    guard configuration.restartsController, status != .exited(0) else {
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
      try await launchController(["--restore"])
      controllerRestart = nil
    } catch {
      controllerRestart = nil
      guard state == .running else { return }
      restartControllerLater("the controller can't be started again: \(error)", nil, log: log)
      processEnded()
    }
  }

  /// The one controller among those that are started again.
  struct ControllerKey: Hashable, Sendable {}
}

extension EngineRestartPolicy {
  /// Sooner than engines, because everyone waits for the controller.
  static let controller = EngineRestartPolicy(
    firstDelay: .milliseconds(100), longestDelay: .seconds(10), steadyTime: .seconds(60), limit: 6)
}

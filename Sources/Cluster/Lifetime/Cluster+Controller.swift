import Logging
import MartletWire

/// Starting the controller, and its end.
extension Cluster {
  func startController(_ options: ControllerOptions) async throws {
    let prefix = "ipcontroller-\(configuration.clusterID)-"
    configuration.profile.removeLogs { $0.hasPrefix(prefix) && $0.hasSuffix(".log") }
    var arguments = ["controller"] + sharedArguments
    switch configuration.network {
    case .local where options.network != .init() || reusesFiles: break  // The profile says where.
    case .local:
      let directory = try SocketDirectory.make()
      record.socketDirectory = directory.path
      arguments += ["--transport=ipc", "--ip=\(directory.address)"]
      sockets = consume directory
    case .address(let transport, let ip):
      arguments += ["--transport=\(transport)", "--ip=\(ip)"]
    }
    if let location = configuration.location { arguments.append("--location=\(location)") }
    try record.write()
    let child = try await ChildProcess.launch(
      configuration.controllerProgram.adding(arguments + controllerArguments),
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

  var controllerArguments: [String] {
    configuration.python.options.controllerArguments + configuration.controllerArguments
  }

  var sharedArguments: [String] {
    ["--profile-dir=\(configuration.profile.path)", "--cluster-id=\(configuration.clusterID)"]
  }

  private func controllerEnded(_ status: ExitStatus) {
    controller = nil
    record.controller = nil
    // During the start, start() throws the reason.
    if state == .running {
      logger.error("the controller ended with \(status), its log is in \(configuration.profile.log)")
    }
    processEnded()
  }
}

import Logging
import MartletController
import MartletZeroMQ

/// Runs this process as a controller, with ipcontroller's options.
public enum ControllerRole {
  /// Runs a controller until it is cancelled.
  ///
  /// - Parameter arguments: the command line without the program's name and without `controller`.
  /// - Throws: ``OptionError`` for an unusable option, or the controller's error.
  public static func run(_ arguments: [String]) async throws {
    let (options, warnings) = try ControllerOptions.read(arguments)
    RoleEnvironment.erase()
    let application = options.application
    if let report = application.configReport {
      for warning in warnings { RoleExit.report("Warning: \(warning)") }
      return try report.perform()
    }
    try application.profile.create()
    try application.enterWorkDirectory()
    let logger = try application.makeLogger(program: "ipcontroller", name: "IPController")
    DescriptorLimit.raise()
    FrameMemory.reuse()
    for warning in warnings { logger.warning("\(warning)") }
    let files = ClusterFiles(clusterID: application.clusterID, profile: application.profile)
    try await LockFile.holdingController(of: files, logger: logger) {
      let controller = try Controller(configuration: try ControllerConfiguration(options), logger: logger)
      // Where the log goes elsewhere.
      if application.logToFile, let exposure = controller.exposure { RoleExit.report("Warning: \(exposure)") }
      try await controller.run()
    }
  }
}

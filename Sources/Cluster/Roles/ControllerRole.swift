import Logging
import MartletController
import MartletZeroMQ

/// This process as a controller, with ipcontroller's options.
public enum ControllerRole {
  /// Runs a controller until it is cancelled.
  ///
  /// - Parameter arguments: the command line without the program's name and without `controller`.
  /// - Throws: ``OptionError`` for an option that can't be used, or what the controller throws.
  public static func run(_ arguments: [String]) async throws {
    let (options, warnings) = try ControllerOptions.read(arguments)
    let application = options.application
    try application.profile.create()
    try application.enterWorkDirectory()
    let logger = try application.makeLogger(program: "ipcontroller", name: "IPController")
    DescriptorLimit.raise()
    FrameMemory.reuse()
    for warning in warnings { logger.warning("\(warning)") }
    let files = ClusterFiles(clusterID: application.clusterID, profile: application.profile)
    try await LockFile.holding(files.controllerLock, logger: logger) {
      try await Controller(configuration: try ControllerConfiguration(options), logger: logger).run()
    }
  }
}

import Controller

extension ControllerConfiguration {
  /// The controller that the options describe.
  public init(_ options: ControllerOptions) {
    self.init()
    profileDirectory = options.application.profile.path
    clusterID = options.application.clusterID
    interface = "\(options.network.engineTransport)://\(options.network.engineAddress)"
  }
}

import Controller

extension ControllerConfiguration {
  /// The controller that the options describe.
  public init(_ options: ControllerOptions) {
    self.init()
  }
}

import Logging

public struct ControllerConfiguration: Sendable {
  public init() {}
}

public final class Controller: Sendable {
  public init(configuration: ControllerConfiguration, logger: Logger) {}
  public func run() async throws { try await Task.sleep(for: .seconds(86_400)) }
}

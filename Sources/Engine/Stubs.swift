import Logging
import Wire

public struct EngineConfiguration: Sendable {
  public var connection: ConnectionInfo
  public init(connection: ConnectionInfo) { self.connection = connection }
}

public final class Engine: Sendable {
  public init(configuration: EngineConfiguration, functions: [any RemoteCallable], logger: Logger) {}
  public func run() async throws { try await Task.sleep(for: .seconds(86_400)) }
}

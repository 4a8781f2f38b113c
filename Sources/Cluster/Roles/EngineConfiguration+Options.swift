import Engine
import Wire

extension EngineConfiguration {
  /// The engine that the options describe.
  ///
  /// - Parameter connection: as ``EngineOptions/connection()`` gives it.
  public init(_ options: EngineOptions, connection: ConnectionInfo) {
    self.init(connection: connection)
  }
}

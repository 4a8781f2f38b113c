import Wire

public struct QueueStatus: Sendable {
  public struct Engine: Sendable {
    public var id: Int
    public var queue: Int
    public var completed: Int
    public var tasks: Int
  }
  public var unassigned: Int
  public var engines: [Engine]
}

public final class Client: Sendable {
  public static func connect(connection: ConnectionInfo) async throws -> Client { Client() }
  public func waitForEngines(_ count: Int) async throws {}
  public func queueStatus() async throws -> QueueStatus { QueueStatus(unassigned: 0, engines: []) }
  public func close() async {}
}

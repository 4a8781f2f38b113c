import MartletClient
import MartletWire

/// What a cluster is doing, for people.
public struct ClusterStatus: Sendable, Hashable {
  /// One engine's counts.
  public struct Engine: Sendable, Hashable {
    /// The engine's id.
    public var id: Int
    /// Messages sent to it directly and not yet answered.
    public var queue: Int
    /// Tasks of the scheduler it has not finished.
    public var tasks: Int
    /// What it has finished since the controller started.
    public var completed: Int
  }

  /// Tasks no engine has yet.
  public var unassigned: Int
  /// By id.
  public var engines: [Engine]

  /// What all engines have finished.
  public var completed: Int { engines.reduce(0) { $0 + $1.completed } }

  /// Asks a controller.
  ///
  /// - Throws: what the client throws when it can't connect or gets no answer.
  public static func read(from connection: ConnectionInfo) async throws -> ClusterStatus {
    let client = try await Client.connect(connection)
    do {
      let status = try await client.queueStatus()
      await client.close()
      return ClusterStatus(
        unassigned: status.unassigned,
        engines: status.engines.map {
          Engine(id: $0.key, queue: $0.value.queue, tasks: $0.value.tasks, completed: $0.value.completed)
        }.sorted { $0.id < $1.id })
    } catch {
      await client.close()
      throw error
    }
  }
}

import MartletClient

/// A summary of what a cluster is doing, for display.
public struct ClusterStatus: Sendable, Hashable {
  /// One engine's counts.
  public struct Engine: Sendable, Hashable {
    /// The engine's id.
    public var id: Int
    /// Directly sent messages that the engine has not yet answered.
    public var queue: Int
    /// Scheduler tasks that the engine has not finished.
    public var tasks: Int
    /// What the engine has finished since the controller started.
    public var completed: Int
  }

  /// Tasks not yet assigned to an engine.
  public var unassigned: Int
  /// The engines, sorted by id.
  public var engines: [Engine]

  /// The total that all engines have finished.
  public var completed: Int { engines.reduce(0) { $0 + $1.completed } }

  /// Queries a controller for its status.
  ///
  /// - Throws: the client's error when it gets no answer.
  public static func read(by client: Client) async throws -> ClusterStatus {
    let status = try await client.queueStatus()
    return ClusterStatus(
      unassigned: status.unassigned,
      engines: status.engines.map {
        Engine(id: $0.key, queue: $0.value.queue, tasks: $0.value.tasks, completed: $0.value.completed)
      }.sorted { $0.id < $1.id })
  }
}

import MartletWire

/// How many requests the engines have.
public struct QueueStatus: Sendable, Hashable {
  /// The requests of one engine.
  public struct Load: Sendable, Hashable {
    /// Unfinished requests from direct views.
    public let queue: Int
    /// Unfinished requests from load-balanced views.
    public let tasks: Int
    /// Finished requests of both kinds.
    public let completed: Int
  }

  /// The requests of each engine, by the engine's id.
  public let engines: [Int: Load]
  /// Load-balanced requests that wait for an engine.
  public let unassigned: Int

  /// Reads the hub's answer.
  ///
  /// - Throws: ``ClientError/Code/malformedReply``.
  init(_ content: JSONValue) throws(ClientError) {
    var engines: [Int: Load] = [:]
    for (key, value) in content.objectValue ?? [:] {
      guard let id = Int(key) else { continue }
      guard let queue = value["queue"]?.intValue, let tasks = value["tasks"]?.intValue,
        let completed = value["completed"]?.intValue
      else { throw ClientError(.malformedReply, "the queue status of engine \(id) lacks queue, tasks or completed") }
      engines[id] = Load(queue: queue, tasks: tasks, completed: completed)
    }
    self.engines = engines
    unassigned = content["unassigned"]?.intValue ?? 0
  }
}

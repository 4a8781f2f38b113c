import MartletWire

/// How much work the engines have.
public struct QueueStatus: Sendable, Hashable {
  /// The work of one engine.
  public struct Load: Sendable, Hashable {
    /// Direct requests that are not done.
    public let queue: Int
    /// Load-balanced requests that are not done.
    public let tasks: Int
    /// Requests of both kinds that are done.
    public let completed: Int
  }

  /// By engine id.
  public let engines: [Int: Load]
  /// Load-balanced requests that no engine has yet.
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

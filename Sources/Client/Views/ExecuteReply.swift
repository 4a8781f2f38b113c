import MartletWire

/// The answer to executed code. What the code printed and displayed is in the metadata's ``TaskOutput``.
public struct ExecuteReply: Sendable, Hashable {
  /// The engine's count of executions, where it counts.
  public let executionCount: Int?

  static func read(_ reply: TaskReply) -> ExecuteReply {
    ExecuteReply(executionCount: reply.content["execution_count"]?.intValue)
  }
}

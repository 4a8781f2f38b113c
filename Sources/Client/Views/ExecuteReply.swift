import MartletWire

/// The reply to executed code. What the code printed and displayed is in ``AsyncResult/output``.
public struct ExecuteReply: Sendable, Hashable {
  /// How many pieces of code the engine has executed, if it counts them.
  public let executionCount: Int?

  static func read(_ reply: TaskReply) -> ExecuteReply {
    ExecuteReply(executionCount: reply.content["execution_count"]?.intValue)
  }
}

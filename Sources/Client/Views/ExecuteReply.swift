import MartletWire

/// What came of executed code.
public struct ExecuteReply: Sendable, Hashable {
  /// How many pieces of code the engine has executed, this one included; `nil` if it doesn't count them.
  public let executionCount: Int?
  /// What the code printed and displayed.
  public internal(set) var output = TaskOutput()

  /// What the code printed on standard output.
  public var stdout: String { output.stdout }
  /// What the code printed on standard error.
  public var stderr: String { output.stderr }
  /// The value of the last expression, if it has one that isn't None and the code wasn't executed silently.
  public var executeResult: DisplayData? { output.executeResult }
  /// What the code displayed: figures, tables and the like.
  public var displays: [DisplayData] { output.displays }

  static func read(_ reply: TaskReply) -> ExecuteReply {
    ExecuteReply(executionCount: reply.content["execution_count"]?.intValue)
  }
}

extension ResultShape<ExecuteReply> {
  /// The reply of one engine to executed code.
  static var executeReply: ResultShape {
    var shape = single(ExecuteReply.read)
    shape.addOutput = { reply, output in reply.output = output }
    return shape
  }
}

extension ResultShape<[ExecuteReply]> {
  /// The replies of several engines to executed code.
  static var executeReplies: ResultShape {
    var shape = list(ExecuteReply.read)
    shape.addOutput = { replies, output in
      for index in replies.indices { replies[index].output = output }
    }
    return shape
  }
}

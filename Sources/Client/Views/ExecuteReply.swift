import MartletWire

/// What came of executed code.
public struct ExecuteReply: Sendable, Hashable, CustomStringConvertible {
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

  /// What came of it, in short: the value of the last expression, or else what was displayed or printed last.
  public var description: String {
    let text = executeResult.map { "\($0)" } ?? displays.last.map { "\($0)" } ?? (stdout.isEmpty ? stderr : stdout)
    return TaskOutput.brief("ExecuteReply\(executionCount.map { "[\($0)]" } ?? "")", text)
  }

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

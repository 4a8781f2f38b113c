import MartletWire
import MartletZeroMQ

/// Python's answer to a request.
struct PythonReply: Sendable {
  let status: ReplyWriter.Status
  let dependenciesMet: Bool
  /// The number of code executions so far, after one.
  let executionCount: Int?
  /// A JSON object.
  let content: Bytes
  let buffers: [Bytes]

  /// Whether it is the error of code that was interrupted.
  var isInterrupted: Bool {
    guard status == .error, let content = try? JSONValue.parse(content) else { return false }
    return content["ename"] == "KeyboardInterrupt"
  }

  /// Reads an answer.
  ///
  /// - Throws: ``WorkerProtocolError``.
  init(_ head: JSONValue, _ payload: ArraySlice<Bytes>) throws(WorkerProtocolError) {
    guard let content = payload.first, let name = head["status"]?.stringValue else {
      throw WorkerProtocolError("a reply without status or content")
    }
    // Other requests of Jupyter have answers of their own, such as `incomplete`.
    let status = ReplyWriter.Status(rawValue: name) ?? .ok
    if status == .returned { throw WorkerProtocolError("a reply of status \(name)") }
    try WorkerEvent.checkObject(content)
    self.status = status
    dependenciesMet = head["dependencies_met"]?.boolValue ?? true
    executionCount = head["execution_count"]?.intValue
    self.content = content
    buffers = Array(payload.dropFirst())
  }
}

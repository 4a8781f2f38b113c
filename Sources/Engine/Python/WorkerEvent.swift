import MartletWire
import MartletZeroMQ

/// A message from an engine's Python to the engine.
enum WorkerEvent: Sendable {
  /// The worker can run requests.
  case ready(PythonVersion)
  /// The interpreter can't be used, for this reason.
  case failed(String)
  /// Something for IOPub.
  case publish(Publication)
  /// The answer to a request.
  case reply(PythonReply)
  /// The values of the names that were asked for, in that order.
  case values([PythonValue])

  /// Reads a message.
  ///
  /// - Throws: ``WorkerProtocolError`` for anything that is not a message of this protocol.
  init(_ parts: [Bytes]) throws(WorkerProtocolError) {
    guard let first = parts.first else { throw WorkerProtocolError("a message without parts") }
    let head: JSONValue
    do {
      head = try JSONValue.parse(first)
    } catch {
      throw WorkerProtocolError("a message whose first part is not JSON: \(error)")
    }
    let payload = parts.dropFirst()
    switch head["type"]?.stringValue {
    case "ready":
      self = .ready(
        PythonVersion(version: head["python"]?.stringValue ?? "", executable: head["executable"]?.stringValue ?? ""))
    case "failed": self = .failed(head["message"]?.stringValue ?? "it gave no reason")
    case "publish": self = .publish(try Self.publication(head, payload))
    case "reply": self = .reply(try PythonReply(head, payload))
    case "values": self = .values(try PythonValue.read(head, payload))
    case let type: throw WorkerProtocolError("a message of type \(type ?? "null")")
    }
  }

  private static func publication(
    _ head: JSONValue, _ payload: ArraySlice<Bytes>
  ) throws(WorkerProtocolError) -> Publication {
    guard let type = head["msg_type"]?.stringValue, payload.count >= 2 else {
      throw WorkerProtocolError("a publication without type, content or metadata")
    }
    let (content, metadata) = (payload[payload.startIndex], payload[payload.startIndex + 1])
    try checkObject(content)
    try checkObject(metadata)
    return Publication(
      type: type, topic: head["topic"]?.stringValue, content: content.array, metadata: metadata.array,
      buffers: Array(payload.dropFirst(2)))
  }

  /// Peers expect an object, and one that can be read.
  static func checkObject(_ bytes: Bytes) throws(WorkerProtocolError) {
    do {
      try bytes.withSpan { (span) throws(WireError) in try JSONFields.scan(span) { _, _ in } }
    } catch {
      throw WorkerProtocolError("a part that is not a JSON object: \(error.reason)")
    }
  }
}

/// The interpreter that runs an engine's Python code.
struct PythonVersion: Sendable, Hashable {
  /// For example `3.13.1`.
  let version: String
  /// Its path.
  let executable: String
}

import MartletWire
import MartletZeroMQ

/// Writes the content and metadata of replies, as ipyparallel's `init_metadata` and `finish_metadata` do
/// (engine/kernel.py).
struct ReplyWriter: Sendable {
  private let number: EngineNumber
  private let engineUUID: String

  /// The outcome of a request, `status` in content and metadata.
  enum Status: String {
    case ok, error, aborted, returned
  }

  /// The metadata after the start time for a successful request with default metadata.
  private let plainTail: [UInt8]

  private static let okContent = Array(#"{"status":"ok"}"#.utf8)
  private static let abortedContent = Array(#"{"status":"aborted"}"#.utf8)
  private static let returnedContent = Array(#"{"status":"returned"}"#.utf8)

  init(number: EngineNumber, engineUUID: String) {
    self.number = number
    self.engineUUID = engineUUID
    plainTail = Self.tail(RequestMetadata(), engineUUID: engineUUID, dependenciesMet: true, status: .ok)
  }

  /// The reply to a successful call.
  func ok(_ request: Request, started: Timestamp, buffers: [Bytes]) -> Reply {
    Reply(content: Self.okContent, metadata: metadata(request, started: started, status: .ok), buffers: buffers)
  }

  /// The reply with Python's answer.
  func python(_ request: Request, started: Timestamp, _ reply: PythonReply) -> Reply {
    Reply(
      content: reply.content.array,
      metadata: metadata(request, started: started, status: reply.status, dependenciesMet: reply.dependenciesMet),
      buffers: reply.buffers)
  }

  /// The reply to a request that was aborted before it ran.
  func aborted(_ request: Request) -> Reply {
    Reply(content: Self.abortedContent, metadata: metadata(request, started: .now, status: .aborted))
  }

  /// The reply that returns a task to the task scheduler: the engine has not started it and forgets it. It says which
  /// attempt that was, because the scheduler may have sent the task once more.
  func returned(_ request: Request) -> Reply {
    var metadata = metadata(request, started: .now, status: .returned)
    metadata.removeLast()
    metadata.append(contentsOf: #","attempt":\#(request.metadata.attempt)}"#.utf8)
    return Reply(content: Self.returnedContent, metadata: metadata)
  }

  /// The reply to a successful request with the given content.
  func reply(_ request: Request, started: Timestamp, content: JSONValue) -> Reply {
    Reply(content: content.bytes.array, metadata: metadata(request, started: started, status: .ok))
  }

  /// The reply to a request that failed.
  ///
  /// - Parameters:
  ///   - method: `apply` or `execute`, which clients show; `nil` for other requests.
  ///   - extra: additional fields of the content.
  func failed(
    _ request: Request, started: Timestamp, error: RaisedError, method: String?, extra: [String: JSONValue] = [:]
  ) -> Reply {
    var content = errorContent(error)
    content["status"] = "error"
    content["engine_info"] = engineInfo(method: method)
    content["swift_error"] = error.thrown?.json
    content.merge(extra) { _, new in new }
    return Reply(
      content: JSONValue.object(content).bytes.array,
      metadata: metadata(
        request, started: started, status: .error, dependenciesMet: error.name != "\(UnmetDependency.self)"))
  }

  /// The content of an `error` message on IOPub.
  func errorContent(_ error: RaisedError) -> [String: JSONValue] {
    [
      "ename": .string(error.name), "evalue": .string(error.value),
      "traceback": [.string("Swift engine \(number.current)"), .string("\(error.name): \(error.value)")],
    ]
  }

  private func engineInfo(method: String?) -> JSONValue {
    var info: [String: JSONValue] = ["engine_uuid": .string(engineUUID), "engine_id": .int(number.current)]
    if let method { info["method"] = .string(method) }
    return .object(info)
  }

  private func metadata(
    _ request: Request, started: Timestamp, status: Status, dependenciesMet: Bool = true
  ) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(320)
    if request.metadata.wantsStatus {
      output.append(0x7B)
    } else {
      output.append(contentsOf: OutputCount.none)
      output.append(0x2C)
    }
    output.append(contentsOf: #""started":""#.utf8)
    started.append(to: &output)
    if request.metadata.isPlain, status == .ok {
      output.append(contentsOf: plainTail)
    } else {
      output.append(
        contentsOf: Self.tail(
          request.metadata, engineUUID: engineUUID, dependenciesMet: dependenciesMet, status: status))
    }
    if status == .error {
      output.append(contentsOf: #","engine_info":"#.utf8)
      engineInfo(method: nil).write(into: &output)
    }
    output.append(0x7D)
    return output
  }

  private static func tail(
    _ asked: RequestMetadata, engineUUID: String, dependenciesMet: Bool, status: Status
  ) -> [UInt8] {
    var output: [UInt8] = Array(#"","dependencies_met":"#.utf8)
    output.append(contentsOf: (dependenciesMet ? "true" : "false").utf8)
    output.append(contentsOf: #","engine":"#.utf8)
    JSONString.append(engineUUID, to: &output)
    output.append(contentsOf: #","is_broadcast":"#.utf8)
    output.append(contentsOf: (asked.isBroadcast ? "true" : "false").utf8)
    output.append(contentsOf: #","is_coalescing":"#.utf8)
    output.append(contentsOf: (asked.isCoalescing ? "true" : "false").utf8)
    output.append(contentsOf: #","original_msg_id":"#.utf8)
    JSONString.append(asked.originalMessageID, to: &output)
    output.append(contentsOf: #","label":"#.utf8)
    output.append(contentsOf: asked.label)
    output.append(contentsOf: #","status":""#.utf8)
    output.append(contentsOf: status.rawValue.utf8)
    output.append(0x22)
    return output
  }
}

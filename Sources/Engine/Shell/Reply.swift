import MartletWire
import MartletZeroMQ

/// The answer to a request.
struct Reply: Sendable {
  let content: [UInt8]
  /// A JSON object; for who wants no `status` it begins with ``OutputCount/none``.
  let metadata: [UInt8]
  var buffers: [Bytes] = []

  /// The metadata with the number of IOPub messages about the request, for who wants no `status`.
  func metadata(outputs: Int) -> [UInt8] {
    outputs == 0 ? metadata : Array("{\"outputs\":\(outputs)".utf8) + metadata.dropFirst(OutputCount.none.count)
  }
}

/// An IOPub message about a request, besides output and status.
struct Publication: Sendable {
  let type: String
  let content: [UInt8]
}

/// Writes replies and their metadata, ipyparallel's `init_metadata` and `finish_metadata` (engine/kernel.py).
struct ReplyWriter: Sendable {
  private let engineID: Int
  private let engineUUID: String

  /// How a request ended, as `status` in content and metadata.
  enum Status: String {
    case ok, error, aborted, returned
  }

  /// What follows the start time in the metadata of a call that went well and asked for nothing special.
  private let plainTail: [UInt8]

  private static let okContent = Array(#"{"status":"ok"}"#.utf8)
  private static let abortedContent = Array(#"{"status":"aborted"}"#.utf8)
  private static let returnedContent = Array(#"{"status":"returned"}"#.utf8)

  init(engineID: Int, engineUUID: String) {
    self.engineID = engineID
    self.engineUUID = engineUUID
    plainTail = Self.tail(RequestMetadata(), engineUUID: engineUUID, dependenciesMet: true, status: .ok)
  }

  /// The reply to a call that went well.
  func ok(_ request: Request, started: Timestamp, buffers: [Bytes]) -> Reply {
    Reply(content: Self.okContent, metadata: metadata(request, started: started, status: .ok), buffers: buffers)
  }

  /// The reply to a request that was removed from the queue.
  func aborted(_ request: Request) -> Reply {
    Reply(content: Self.abortedContent, metadata: metadata(request, started: .now, status: .aborted))
  }

  /// Tells the task scheduler that the engine has not begun a task and forgets it.
  func returned(_ request: Request) -> Reply {
    Reply(content: Self.returnedContent, metadata: metadata(request, started: .now, status: .returned))
  }

  /// A reply with content of its own.
  func reply(_ request: Request, started: Timestamp, content: JSONValue) -> Reply {
    Reply(content: content.bytes.array, metadata: metadata(request, started: started, status: .ok))
  }

  /// The reply to a request that failed.
  ///
  /// - Parameters:
  ///   - method: `apply` or `execute`, as clients show it; `nil` for other requests.
  ///   - extra: further fields of the content.
  func failed(
    _ request: Request, started: Timestamp, error: RaisedError, method: String?, extra: [String: JSONValue] = [:]
  ) -> Reply {
    var content = errorContent(error)
    content["status"] = "error"
    content["engine_info"] = engineInfo(method: method)
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
      "traceback": [.string("Swift engine \(engineID)"), .string("\(error.name): \(error.value)")],
    ]
  }

  private func engineInfo(method: String?) -> JSONValue {
    var info: [String: JSONValue] = ["engine_uuid": .string(engineUUID), "engine_id": .int(engineID)]
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
    appendJSONString(engineUUID, to: &output)
    output.append(contentsOf: #","is_broadcast":"#.utf8)
    output.append(contentsOf: (asked.isBroadcast ? "true" : "false").utf8)
    output.append(contentsOf: #","is_coalescing":"#.utf8)
    output.append(contentsOf: (asked.isCoalescing ? "true" : "false").utf8)
    output.append(contentsOf: #","original_msg_id":"#.utf8)
    appendJSONString(asked.originalMessageID, to: &output)
    output.append(contentsOf: #","label":"#.utf8)
    output.append(contentsOf: asked.label)
    output.append(contentsOf: #","status":""#.utf8)
    output.append(contentsOf: status.rawValue.utf8)
    output.append(0x22)
    return output
  }
}

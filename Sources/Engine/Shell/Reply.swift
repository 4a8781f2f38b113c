import Wire
import ZeroMQ

/// The answer to a request.
struct Reply: Sendable {
  let content: [UInt8]
  /// A JSON object that is not empty.
  let metadata: [UInt8]
  var buffers: [Bytes] = []

  /// The metadata for who wants no `status`: with the number of IOPub messages about the request.
  func metadata(outputs: Int) -> [UInt8] { Array("{\"outputs\":\(outputs),".utf8) + metadata.dropFirst() }
}

/// An IOPub message about a request, besides output and status.
struct Publication: Sendable {
  let type: String
  let content: [UInt8]
}

/// A request that is done.
struct Completion: Sendable {
  let request: Request
  let reply: Reply
  /// Output since the loop read last; to be published before the reply is sent.
  let output: [StreamText<Request>]
  let publications: [Publication]
  /// The request the worker has begun with.
  let next: Request?
}

/// Writes replies and their metadata, ipyparallel's `init_metadata` and `finish_metadata` (engine/kernel.py).
struct ReplyWriter: Sendable {
  let engineID: Int
  let engineUUID: String

  /// How a request ended, as `status` in content and metadata.
  enum Status: String {
    case ok, error, aborted
  }

  private static let okContent = Array(#"{"status":"ok"}"#.utf8)
  private static let abortedContent = Array(#"{"status":"aborted"}"#.utf8)

  /// The reply to a call that went well.
  func ok(_ request: Request, started: Timestamp, buffers: [Bytes]) -> Reply {
    Reply(content: Self.okContent, metadata: metadata(request, started: started, status: .ok), buffers: buffers)
  }

  /// The reply to a request that was removed from the queue.
  func aborted(_ request: Request) -> Reply {
    Reply(content: Self.abortedContent, metadata: metadata(request, started: .now, status: .aborted))
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
    let asked = request.metadata
    var output: [UInt8] = []
    output.reserveCapacity(256)
    output.append(contentsOf: #"{"started":""#.utf8)
    started.append(to: &output)
    output.append(contentsOf: #"","dependencies_met":"#.utf8)
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
    if status == .error {
      output.append(contentsOf: #","engine_info":"#.utf8)
      engineInfo(method: nil).write(into: &output)
    }
    output.append(0x7D)
    return output
  }
}

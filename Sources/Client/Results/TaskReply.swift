import MartletWire
import MartletZeroMQ

/// A reply as it arrived. Its content is decoded on demand, on the thread that asks for it and not on the event loop.
final class TaskReply: Sendable {
  let messageType: String
  let contentBytes: Bytes
  let metadataBytes: Bytes
  /// The reply's header as a JSON object; empty if only the date is known.
  private let headerBytes: Bytes
  private let knownDate: Timestamp?
  let received: Timestamp
  let buffers: [Bytes]
  /// `ok`, `error` or `aborted`.
  let status: String

  /// Takes a reply off the wire.
  ///
  /// - Throws: `WireError` if the content is not an object with a status.
  convenience init(_ message: Message) throws(WireError) {
    try self.init(
      messageType: message.header.messageType, header: message.headerBytes, content: message.contentBytes,
      metadata: message.metadataBytes, received: .now, buffers: message.buffers)
  }

  /// Makes a reply from its parts.
  ///
  /// - Throws: `WireError` if the content is not an object with a status.
  init(
    messageType: String, header: Bytes = Bytes(), content: Bytes, metadata: Bytes, date: Timestamp? = nil,
    received: Timestamp, buffers: [Bytes]
  ) throws(WireError) {
    self.messageType = messageType
    contentBytes = content
    metadataBytes = metadata
    headerBytes = header
    knownDate = date
    self.received = received
    self.buffers = buffers
    status = try Self.status(content)
  }

  /// The date of the reply's header: when the engine finished the task.
  var date: Timestamp? {
    knownDate ?? headerBytes.withSpan { try? MessageHeader(scanning: $0, includingOrigin: true).date }
  }

  /// How long the engine has worked on the task, by its clock; `nil` if the reply doesn't say.
  var serialTime: Duration? {
    guard let date else { return nil }
    let started = metadataBytes.withSpan { span in
      var started: Timestamp?
      try? JSONFields.scan(span) { (key: JSONKey, value: Range<Int>) throws(WireError) in
        if key == "started" { started = Timestamp(try JSONText.string(span, at: value)) }
      }
      return started
    }
    return started.map { date - $0 }
  }

  /// The content of most replies from Swift engines.
  private static let okContent = Bytes(#"{"status":"ok"}"#)
  /// The beginning of the metadata in replies to tasks without output.
  private static let noOutputs = Bytes(OutputCount.none + [0x2C])

  private static func status(_ content: Bytes) throws(WireError) -> String {
    if content == okContent { return "ok" }
    let status = try content.withSpan { (span) throws(WireError) -> String? in
      var found: String?
      try JSONFields.scan(span) { (key: JSONKey, value: Range<Int>) throws(WireError) in
        if key == "status" { found = try JSONText.string(span, at: value) }
      }
      return found
    }
    guard let status else { throw WireError(.malformedJSON, "the reply's content lacks its status") }
    return status
  }

  /// The content as JSON; an empty object if it isn't JSON.
  var content: JSONValue { (try? JSONValue.parse(contentBytes)) ?? [:] }

  /// The metadata as JSON; an empty object if it isn't JSON.
  var metadata: JSONValue { (try? JSONValue.parse(metadataBytes)) ?? [:] }

  /// How much more output will come, as far as the reply tells.
  ///
  /// - Throws: `WireError` if the metadata is not an object.
  func remainingOutput() throws(WireError) -> RemainingOutput {
    if status == "aborted" { return .none }
    if let count = try outputCount() { return .total(count) }
    let isByEngine = status == "ok" || !(content["engine_info"]?.objectValue?.isEmpty ?? true)
    return isByEngine ? .untilIdle : .none
  }

  private func outputCount() throws(WireError) -> Int? {
    if metadataBytes.hasPrefix(Self.noOutputs) { return 0 }
    return try metadataBytes.withSpan { (span) throws(WireError) -> Int? in
      var count: Int?
      try JSONFields.scan(span) { (key: JSONKey, value: Range<Int>) throws(WireError) in
        if key == "outputs" { count = try JSONText.json(span, at: value).intValue }
      }
      return count
    }
  }

  /// The error a reply reports, or `nil` for success.
  ///
  /// - Parameters:
  ///   - id: the request's id.
  ///   - method: what was called, for the error's text.
  ///   - engineID: gives the id of an engine by its uuid.
  func failure(id: String, method: String, engineID: (String) -> Int?) -> (any Error)? {
    switch status {
    case "ok": return nil
    case "aborted": return TaskAborted(msgID: id)
    default:
      let content = content
      let info = content["engine_info"]
      let uuid = info?["engine_uuid"]?.stringValue ?? metadata["engine"]?.stringValue
      let number = info?["engine_id"]?.intValue ?? uuid.flatMap(engineID)
      return Self.error(
        content["ename"]?.stringValue ?? "Error", content["evalue"]?.stringValue ?? status,
        traceback: Self.traceback(content), engineID: number, engineUUID: uuid, id: id, method: method,
        thrown: content["swift_error"].flatMap { ThrownError($0) })
    }
  }

  /// The error that a class and a text stand for.
  static func error(
    _ ename: String, _ evalue: String, traceback: String = "", engineID: Int?, engineUUID: String?, id: String,
    method: String, thrown: ThrownError? = nil
  ) -> any Error {
    if ename == "EngineError" {
      return EngineError(engineID: engineID, engineUUID: engineUUID, msgID: id, description: evalue)
    }
    return RemoteError(
      ename: ename, evalue: evalue, traceback: traceback, engineID: engineID, engineUUID: engineUUID, msgID: id,
      method: method, thrown: thrown)
  }

  /// The traceback: a list of lines by the protocol, a single text in some of the hub's errors.
  static func traceback(_ content: JSONValue) -> String {
    if let lines = content["traceback"]?.arrayValue { return lines.compactMap(\.stringValue).joined(separator: "\n") }
    return content["traceback"]?.stringValue ?? ""
  }
}

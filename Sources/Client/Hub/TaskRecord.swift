import MartletWire
import MartletZeroMQ

/// The hub's record of a request.
public struct TaskRecord: Sendable, Hashable {
  /// The fields, which have ipyparallel's names: `msg_id`, `header`, `submitted`, `completed`, `result_content` …
  public let fields: [String: JSONValue]
  /// The request's buffers, if the query asked for them.
  public let buffers: [Bytes]
  /// The result's buffers, if the query asked for them.
  public let resultBuffers: [Bytes]

  /// The request's id; empty if the record lacks it.
  public var msgID: String { fields["msg_id"]?.stringValue ?? "" }

  /// A field by its name, or `nil` if the record lacks it.
  public subscript(field: String) -> JSONValue? { fields[field] }

  /// Reads the hub's answer to a query.
  ///
  /// - Throws: ``ClientError/Code/malformedReply``.
  static func records(_ reply: TaskReply) throws(ClientError) -> [TaskRecord] {
    let content = reply.content
    guard let records = content["records"]?.arrayValue else {
      throw ClientError(.malformedReply, "the hub's answer lacks 'records'")
    }
    var rest = reply.buffers[...]
    func take(_ key: String, _ index: Int) throws(ClientError) -> [Bytes] {
      guard let count = content[key]?[index]?.intValue else { return [] }
      guard count >= 0, count <= rest.count else {
        throw ClientError(.malformedReply, "the hub's answer has \(reply.buffers.count) buffers, too few for '\(key)'")
      }
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    var found: [TaskRecord] = []
    for (index, record) in records.enumerated() {
      let buffers = try take("buffer_lens", index)
      let resultBuffers = try take("result_buffer_lens", index)
      found.append(TaskRecord(fields: record.objectValue ?? [:], buffers: buffers, resultBuffers: resultBuffers))
    }
    return found
  }
}

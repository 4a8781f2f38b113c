import MartletWire

extension TaskRecord {
  /// The record as the hub's replies carry it: an object by the original's key names.
  ///
  /// Dates are ISO 8601 with microseconds in UTC. What is unset, and what does not parse as JSON, is `null`. Buffers are
  /// left out even if asked for: they follow the reply as its own buffers.
  ///
  /// - Parameter keys: The keys wanted besides msg_id; nil or none means all.
  /// - Throws: `TaskStoreError` with the code `unknownKey`.
  public func json(keys: [String]? = nil) throws(TaskStoreError) -> JSONValue {
    var members: [String: JSONValue] = [:]
    for key in try TaskRecordKey.selection(keys) {
      switch self[key] {
      case .null where key.kind != .buffers: members[key.rawValue] = .null
      case .null, .buffers: break
      case .text(let text): members[key.rawValue] = .string(text)
      case .date(let date): members[key.rawValue] = .string(date.text)
      case .json(let bytes): members[key.rawValue] = (try? JSONValue.parse(bytes)) ?? .null
      }
    }
    return .object(members)
  }
}

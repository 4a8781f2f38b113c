import MartletWire

extension TaskRecord {
  /// The record as a JSON object for the hub's replies, with ipyparallel's key names.
  ///
  /// Dates are ISO 8601 with microseconds in UTC. Unset fields and unreadable JSON are `null`. Buffers are left out
  /// because they follow as buffers of the reply.
  func json(keys: [TaskRecordKey]) -> JSONValue {
    var members: [String: JSONValue] = [:]
    for key in keys where key.kind != .buffers {
      switch self[key] {
      case .null, .buffers: members[key.rawValue] = .null
      case .text(let text): members[key.rawValue] = .string(text)
      case .date(let date): members[key.rawValue] = .string(date.text)
      case .json(let bytes): members[key.rawValue] = (try? JSONValue.parse(bytes)) ?? .null
      }
    }
    return .object(members)
  }
}

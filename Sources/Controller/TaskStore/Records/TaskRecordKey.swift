/// The keys of a task record, named as in ipyparallel's queries and replies.
package enum TaskRecordKey: String, Sendable, Hashable, CaseIterable {
  case messageID = "msg_id"
  case header
  case metadata
  case content
  case buffers
  case submitted
  case clientUUID = "client_uuid"
  case engineUUID = "engine_uuid"
  case started
  case completed
  case resubmitted
  case received
  case resultHeader = "result_header"
  case resultMetadata = "result_metadata"
  case resultContent = "result_content"
  case resultBuffers = "result_buffers"
  case queue
  case executeInput = "execute_input"
  case executeResult = "execute_result"
  case error
  case stdout
  case stderr
  case label

  /// The type of a key's values.
  enum Kind {
    case text, date, json, buffers
  }

  var kind: Kind {
    switch self {
    case .submitted, .started, .completed, .received: .date
    case .buffers, .resultBuffers: .buffers
    case .header, .metadata, .content, .resultHeader, .resultMetadata, .resultContent, .executeResult, .error: .json
    case .messageID, .clientUUID, .engineUUID, .resubmitted, .queue, .executeInput, .stdout, .stderr, .label: .text
    }
  }

  /// The key with this name.
  ///
  /// - Throws: `TaskStoreError` with the code `unknownKey`.
  static func named(_ name: String) throws(TaskStoreError) -> TaskRecordKey {
    guard let key = TaskRecordKey(rawValue: name) else {
      throw TaskStoreError(.unknownKey, "no such record key: '\(name)'")
    }
    return key
  }

  /// All keys except those of buffers. A query without keys returns these.
  static let allButBuffers = allCases.filter { $0.kind != .buffers }

  /// The keys with these names without duplicates. msg_id always comes first.
  ///
  /// - Throws: `TaskStoreError` with the code `unknownKey`.
  static func named(_ names: [String]) throws(TaskStoreError) -> [TaskRecordKey] {
    var keys: [TaskRecordKey] = [.messageID]
    for name in names {
      let key = try named(name)
      if !keys.contains(key) { keys.append(key) }
    }
    return keys
  }
}

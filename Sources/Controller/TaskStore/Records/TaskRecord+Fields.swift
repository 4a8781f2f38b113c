import MartletWire
import MartletZeroMQ

/// The value of one field of a record, for code that handles all fields uniformly.
enum TaskFieldValue: Hashable {
  case null
  case text(String)
  case date(Timestamp)
  case json(Bytes)
  case buffers([Bytes])

  init(_ text: String?) { self = text.map(Self.text) ?? .null }
  init(_ date: Timestamp?) { self = date.map(Self.date) ?? .null }
  init(_ json: Bytes?) { self = json.map(Self.json) ?? .null }
  init(_ buffers: [Bytes]?) { self = buffers.map(Self.buffers) ?? .null }

  var text: String? {
    if case .text(let value) = self { value } else { nil }
  }
  var date: Timestamp? {
    if case .date(let value) = self { value } else { nil }
  }
  var json: Bytes? {
    if case .json(let value) = self { value } else { nil }
  }
  var buffers: [Bytes]? {
    if case .buffers(let value) = self { value } else { nil }
  }
}

extension TaskRecord {
  /// The field named by `key`. Assigning a value of the wrong kind clears the field.
  subscript(key: TaskRecordKey) -> TaskFieldValue {
    get {
      switch key {
      case .messageID: .text(messageID)
      case .header: TaskFieldValue(header)
      case .metadata: TaskFieldValue(metadata)
      case .content: TaskFieldValue(content)
      case .buffers: TaskFieldValue(buffers)
      case .submitted: TaskFieldValue(submitted)
      case .clientUUID: TaskFieldValue(clientUUID)
      case .engineUUID: TaskFieldValue(engineUUID)
      case .started: TaskFieldValue(started)
      case .completed: TaskFieldValue(completed)
      case .resubmitted: TaskFieldValue(resubmitted)
      case .received: TaskFieldValue(received)
      case .resultHeader: TaskFieldValue(resultHeader)
      case .resultMetadata: TaskFieldValue(resultMetadata)
      case .resultContent: TaskFieldValue(resultContent)
      case .resultBuffers: TaskFieldValue(resultBuffers)
      case .queue: TaskFieldValue(queue)
      case .executeInput: TaskFieldValue(executeInput)
      case .executeResult: TaskFieldValue(executeResult)
      case .error: TaskFieldValue(error)
      case .stdout: .text(stdout)
      case .stderr: .text(stderr)
      case .label: TaskFieldValue(label)
      }
    }
    set {
      switch key {
      case .messageID: messageID = newValue.text ?? ""
      case .header: header = newValue.json
      case .metadata: metadata = newValue.json
      case .content: content = newValue.json
      case .buffers: buffers = newValue.buffers
      case .submitted: submitted = newValue.date
      case .clientUUID: clientUUID = newValue.text
      case .engineUUID: engineUUID = newValue.text
      case .started: started = newValue.date
      case .completed: completed = newValue.date
      case .resubmitted: resubmitted = newValue.text
      case .received: received = newValue.date
      case .resultHeader: resultHeader = newValue.json
      case .resultMetadata: resultMetadata = newValue.json
      case .resultContent: resultContent = newValue.json
      case .resultBuffers: resultBuffers = newValue.buffers
      case .queue: queue = newValue.text
      case .executeInput: executeInput = newValue.text
      case .executeResult: executeResult = newValue.json
      case .error: error = newValue.json
      case .stdout: stdout = newValue.text ?? ""
      case .stderr: stderr = newValue.text ?? ""
      case .label: label = newValue.text
      }
    }
  }

  /// A copy with the fields of `keys` only.
  func selecting(_ keys: [TaskRecordKey]) -> TaskRecord {
    var selected = TaskRecord(messageID: messageID)
    for key in keys { selected[key] = self[key] }
    return selected
  }
}

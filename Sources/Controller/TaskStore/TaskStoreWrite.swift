/// A change to the task store. The hub posts it without waiting.
enum TaskStoreWrite: Sendable {
  /// A request was relayed.
  case request(TaskRequest)
  /// The task scheduler assigned a task to the engine with this uuid.
  case engine(String, of: String)
  /// A reply was relayed.
  case result(TaskResult)
  /// A task wrote output, perhaps before its request was reported.
  indirect case output(TaskRecordUpdate, of: String)
  /// A record changes, if it exists.
  indirect case update(TaskRecordUpdate, of: String)
  /// A new record.
  indirect case add(TaskRecord)
  /// The records of these tasks are dropped.
  case drop([String])

  /// The weight of a write in addition to its content, in bytes: its place in a queue, its ids and allocation overhead.
  static let overhead = 512

  /// The memory that a queued write takes, in bytes.
  var weight: Int {
    switch self {
    case .request(let request): Self.overhead + request.message.byteCount
    case .result(let result): Self.overhead + result.message.byteCount
    case .engine: Self.overhead
    case .output(let update, _), .update(let update, _): Self.overhead + update.fields.byteCount
    case .add(let record): Self.overhead + record.byteCount
    case .drop(let ids): Self.overhead + ids.count * 64
    }
  }

  /// The id of the task that changes; nil if several do.
  var messageID: String? {
    switch self {
    case .request(let request): request.messageID
    case .result(let result): result.messageID
    case .engine(_, let id), .output(_, let id), .update(_, let id): id
    case .add(let record): record.messageID
    case .drop: nil
    }
  }
}

extension TaskStore {
  /// Performs a write.
  func perform(_ write: TaskStoreWrite) throws(TaskStoreError) {
    switch write {
    case .request(let request): try addRequest(request)
    case .engine(let uuid, let id): try setEngine(uuid, of: id)
    case .result(let result): try setResult(result)
    case .output(let update, let id):
      do throws(TaskStoreError) {
        try self.update(id, update)
      } catch {
        guard error.code == .notFound else { throw error }
        try add(TaskRecord(messageID: id))
        try self.update(id, update)
      }
    case .update(let update, let id): try self.update(id, update)
    case .add(let record): try add(record)
    case .drop(let ids): try drop(ids)
    }
  }
}

import MartletWire

/// A record in the memory store. It holds the raw messages until anything else is known of the task. Most tasks
/// therefore cost two allocations and are never parsed.
struct StoredTask {
  /// A full record, for a task with more than a request, an engine and a result.
  private final class Details {
    var record: TaskRecord

    init(_ record: TaskRecord) { self.record = record }
  }

  private var request: RecordedMessage?
  private var result: RecordedMessage?
  private var queue = TaskRequest.Queue.task
  private var engineUUID: String?
  /// If set, the fields above are empty.
  private var details: Details?
  /// The record's position in the order of addition.
  var serial = 0
  /// Bytes of buffers and streams.
  private(set) var bufferBytes = 0
  /// Whether the record has a time of completion.
  private(set) var isCompleted = false

  /// When the task was submitted, if that is known.
  var submitted: Timestamp? { details.map(\.record.submitted) ?? request?.date }

  /// The record, with or without its buffers.
  func record(id: String, includesBuffers: Bool = true) -> TaskRecord {
    if let details { return details.record }
    var record = TaskRecord(messageID: id)
    guard let request else { return record }
    record.apply(
      TaskRequest(messageID: id, queue: queue, engineUUID: engineUUID, message: request)
        .update(of: record, includesBuffers: includesBuffers))
    if let result {
      record.apply(
        TaskResult(messageID: id, engineUUID: engineUUID, message: result).update(includesBuffers: includesBuffers))
    }
    return record
  }

  /// Fills an empty record.
  mutating func begin(with request: TaskRequest) {
    self.request = request.message
    queue = request.queue
    engineUUID = request.engineUUID
    bufferBytes = request.message.bufferBytes
  }

  mutating func setEngine(_ uuid: String) {
    if let details { details.record.engineUUID = uuid } else { engineUUID = uuid }
  }

  mutating func complete(with result: TaskResult) {
    // A second result replaces the first only in part.
    guard details == nil, self.result == nil else { return apply(result.update, id: result.messageID) }
    self.result = result.message
    if let engine = result.engineUUID { engineUUID = engine }
    bufferBytes += result.message.bufferBytes
    isCompleted = true
  }

  /// Applies any update.
  mutating func apply(_ update: TaskRecordUpdate, id: String) {
    let details = details ?? Details(record(id: id))
    details.record.apply(update)
    adopt(details)
  }

  /// Replaces the whole record.
  mutating func replace(with record: TaskRecord) { adopt(Details(record)) }

  private mutating func adopt(_ details: Details) {
    self.details = details
    request = nil
    result = nil
    engineUUID = nil
    bufferBytes = details.record.bufferBytes
    isCompleted = details.record.completed != nil
  }
}

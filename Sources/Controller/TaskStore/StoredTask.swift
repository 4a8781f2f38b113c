import MartletWire

/// A record as the memory store holds it: the messages as they passed, as long as nothing else is known, so that most
/// tasks cost two pieces of memory and are never parsed.
struct StoredTask {
  /// A record of which more is known than a request, an engine and a result.
  private final class Details {
    var record: TaskRecord

    init(_ record: TaskRecord) { self.record = record }
  }

  private var request: RecordedMessage?
  private var result: RecordedMessage?
  private var queue = TaskRequest.Queue.task
  private var engineUUID: String?
  /// If there are details the fields above are empty.
  private var details: Details?
  /// Grows with every record; tells which was added first.
  var serial = 0
  /// Bytes of buffers and streams.
  private(set) var bufferBytes = 0
  /// Whether there is a time of completion.
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
    // A second result does not replace all of the first.
    guard details == nil, self.result == nil else { return apply(result.update, id: result.messageID) }
    self.result = result.message
    if let engine = result.engineUUID { engineUUID = engine }
    bufferBytes += result.message.bufferBytes
    isCompleted = true
  }

  /// Makes any change.
  mutating func apply(_ update: TaskRecordUpdate, id: String) {
    let details = details ?? Details(record(id: id))
    details.record.apply(update)
    adopt(details)
  }

  /// Becomes another record.
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

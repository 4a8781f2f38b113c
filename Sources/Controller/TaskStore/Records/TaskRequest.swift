import MartletWire
import MartletZeroMQ

/// A request to an engine or to the task scheduler, as passed to a store.
package struct TaskRequest: Sendable {
  /// The destination of a request.
  package enum Queue: String, Sendable {
    /// To an engine.
    case mux
    /// To the task scheduler.
    case task
  }

  /// The id of the request.
  package let messageID: String
  /// The queue it went to.
  package let queue: Queue
  /// The engine it is addressed to, if any.
  package let engineUUID: String?
  /// The request message.
  package let message: RecordedMessage

  /// A new record with the fields of the request.
  package var record: TaskRecord {
    var record = TaskRecord(messageID: messageID)
    record.apply(update(of: record))
    return record
  }

  /// The update to a record that IOPub output or a resubmission created earlier. A resubmitted task keeps its client,
  /// its time of submission and its buffers, which are the same.
  func update(of existing: TaskRecord, includesBuffers: Bool = true) -> TaskRecordUpdate {
    var update = TaskRecordUpdate()
    update.header = message.header
    update.metadata = message.metadata
    update.content = message.content
    update.engineUUID = engineUUID
    update.queue = queue.rawValue
    update.label = message.metadataText("label")
    if includesBuffers, existing.buffers == nil { update.buffers = message.buffers }
    if existing.submitted == nil { update.submitted = message.date }
    if existing.clientUUID == nil { update.clientUUID = message.session }
    return update
  }
}

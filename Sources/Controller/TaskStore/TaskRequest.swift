import MartletWire
import MartletZeroMQ

/// A request to an engine or to the task scheduler, as a store receives it.
package struct TaskRequest: Sendable {
  /// Where requests go.
  package enum Queue: String, Sendable {
    /// To an engine.
    case mux
    /// To the task scheduler.
    case task
  }

  /// The id of the request.
  package let messageID: String
  /// Where it went.
  package let queue: Queue
  /// The engine it is addressed to, if it is.
  package let engineUUID: String?
  /// The request itself.
  package let message: RecordedMessage

  /// The record that begins with the request.
  package var record: TaskRecord {
    var record = TaskRecord(messageID: messageID)
    record.apply(update(of: record))
    return record
  }

  /// The change to a record that IOPub output or a resubmission made before: a resubmitted task keeps who submitted it
  /// and when, and its buffers, which are the same.
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

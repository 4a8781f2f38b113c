import MartletWire
import MartletZeroMQ

/// The reply to a request, as passed to a store.
package struct TaskResult: Sendable {
  /// The id of the request.
  package let messageID: String
  /// The engine that answered, if the reply names it.
  package let engineUUID: String?
  /// The reply message.
  package let message: RecordedMessage

  /// The update to the request's record.
  var update: TaskRecordUpdate { update(includesBuffers: true) }

  /// The update to the request's record, with or without the result's buffers.
  func update(includesBuffers: Bool) -> TaskRecordUpdate {
    var update = TaskRecordUpdate()
    update.resultHeader = message.header
    update.resultMetadata = message.metadata
    update.resultContent = message.content
    if includesBuffers { update.resultBuffers = message.buffers }
    update.started = message.metadataText("started").flatMap { Timestamp($0) }
    update.completed = message.date
    update.received = message.received
    update.engineUUID = engineUUID
    return update
  }
}

import MartletWire
import MartletZeroMQ

/// The hub's record of one task.
///
/// Message parts stay the raw bytes of their frames and are parsed on demand only. Storing a task copies and parses
/// nothing. The fields are those of ipyparallel's task records (`controller/hub.py`, `empty_record`).
package struct TaskRecord: Sendable, Hashable {
  /// The id of the request message.
  package var messageID: String
  /// The request's header: a JSON object.
  package var header: Bytes?
  /// The request's metadata: a JSON object.
  package var metadata: Bytes?
  /// The request's content: a JSON object.
  package var content: Bytes?
  /// The request's buffers.
  package var buffers: [Bytes]?
  /// When the client sent the request.
  package var submitted: Timestamp?
  /// The session of the client.
  package var clientUUID: String?
  /// The uuid of the engine that has or had the task.
  package var engineUUID: String?
  /// When the engine started the task.
  package var started: Timestamp?
  /// When the engine sent the result.
  package var completed: Timestamp?
  /// The msg_id under which the task was submitted again.
  package var resubmitted: String?
  /// When the hub received the result.
  package var received: Timestamp?
  /// The result's header: a JSON object.
  package var resultHeader: Bytes?
  /// The result's metadata: a JSON object.
  package var resultMetadata: Bytes?
  /// The result's content: a JSON object.
  package var resultContent: Bytes?
  /// The result's buffers.
  package var resultBuffers: [Bytes]?
  /// Which queue the task went through: `mux`, `task` or `broadcast`.
  package var queue: String?
  /// The code that the engine reported in its execute_input message.
  package var executeInput: String?
  /// The content of the engine's execute_result message: a JSON object.
  package var executeResult: Bytes?
  /// The content of the engine's error message: a JSON object.
  package var error: Bytes?
  /// The task's standard output so far.
  package var stdout = ""
  /// The task's standard error so far.
  package var stderr = ""
  /// The label the client gave the task.
  package var label: String?

  /// Creates a record with nothing but the id of its request.
  package init(messageID: String) { self.messageID = messageID }

  /// The size of the request's and the result's buffers and of the two streams, in bytes. A store's size limit counts
  /// these.
  package var bufferBytes: Int {
    var total = stdout.utf8.count + stderr.utf8.count
    for buffer in buffers ?? [] { total += buffer.count }
    for buffer in resultBuffers ?? [] { total += buffer.count }
    return total
  }

  /// The approximate size of the record in bytes.
  var byteCount: Int { TaskRecordKey.allCases.reduce(0) { $0 + self[$1].byteCount } }
}

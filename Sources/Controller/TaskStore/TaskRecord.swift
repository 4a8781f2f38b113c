import MartletWire
import MartletZeroMQ

/// What the hub knows about one task.
///
/// The parts of messages stay the raw bytes of the frames they came in and are parsed only by whoever asks: storing a
/// task copies and parses nothing. The fields are those of ipyparallel's task records (`controller/hub.py`,
/// `empty_record`).
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
  /// When the engine began to work on the task.
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
  /// The code that the engine reported it runs.
  package var executeInput: String?
  /// The content of the engine's execute_result message: a JSON object.
  package var executeResult: Bytes?
  /// The content of the engine's error message: a JSON object.
  package var error: Bytes?
  /// What the task has written to its standard output.
  package var stdout = ""
  /// What the task has written to its standard error.
  package var stderr = ""
  /// The label the client gave the task.
  package var label: String?

  /// A record of which nothing is known but the id of its request.
  package init(messageID: String) { self.messageID = messageID }

  /// Bytes of the request's and the result's buffers and of the two streams: what a store's size limit counts.
  package var bufferBytes: Int {
    var total = stdout.utf8.count + stderr.utf8.count
    for buffer in buffers ?? [] { total += buffer.count }
    for buffer in resultBuffers ?? [] { total += buffer.count }
    return total
  }

  /// About how many bytes the record takes.
  var byteCount: Int { TaskRecordKey.allCases.reduce(0) { $0 + self[$1].byteCount } }
}

import MartletWire
import MartletZeroMQ

/// What the hub knows about one task.
///
/// The parts of messages stay the raw bytes of the frames they came in and are parsed only by whoever asks: storing a
/// task copies and parses nothing. The fields are those of ipyparallel's task records (`controller/hub.py`,
/// `empty_record`).
public struct TaskRecord: Sendable, Hashable {
  /// The id of the request message.
  public var messageID: String
  /// The request's header: a JSON object.
  public var header: Bytes?
  /// The request's metadata: a JSON object.
  public var metadata: Bytes?
  /// The request's content: a JSON object.
  public var content: Bytes?
  /// The request's buffers.
  public var buffers: [Bytes]?
  /// When the client sent the request.
  public var submitted: Timestamp?
  /// The session of the client.
  public var clientUUID: String?
  /// The uuid of the engine that has or had the task.
  public var engineUUID: String?
  /// When the engine began to work on the task.
  public var started: Timestamp?
  /// When the engine sent the result.
  public var completed: Timestamp?
  /// The msg_id under which the task was submitted again.
  public var resubmitted: String?
  /// When the hub received the result.
  public var received: Timestamp?
  /// The result's header: a JSON object.
  public var resultHeader: Bytes?
  /// The result's metadata: a JSON object.
  public var resultMetadata: Bytes?
  /// The result's content: a JSON object.
  public var resultContent: Bytes?
  /// The result's buffers.
  public var resultBuffers: [Bytes]?
  /// Which queue the task went through: `mux`, `task` or `broadcast`.
  public var queue: String?
  /// The code that the engine reported it runs.
  public var executeInput: String?
  /// The content of the engine's execute_result message: a JSON object.
  public var executeResult: Bytes?
  /// The content of the engine's error message: a JSON object.
  public var error: Bytes?
  /// What the task has written to its standard output.
  public var stdout = ""
  /// What the task has written to its standard error.
  public var stderr = ""
  /// The label the client gave the task.
  public var label: String?

  /// A record of which nothing is known but the id of its request.
  public init(messageID: String) { self.messageID = messageID }

  /// Bytes of the request's and the result's buffers and of the two streams: what a store's size limit counts.
  public var bufferBytes: Int {
    var total = stdout.utf8.count + stderr.utf8.count
    for buffer in buffers ?? [] { total += buffer.count }
    for buffer in resultBuffers ?? [] { total += buffer.count }
    return total
  }
}

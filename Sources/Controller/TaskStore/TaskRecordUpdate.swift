import Wire
import ZeroMQ

/// A change to some fields of a record.
///
/// Fields that are nil stay as they are; none can be unset. Output is added to what the record holds.
public struct TaskRecordUpdate: Sendable, Hashable {
  /// The request's header.
  public var header: Bytes?
  /// The request's metadata.
  public var metadata: Bytes?
  /// The request's content.
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
  /// The result's header.
  public var resultHeader: Bytes?
  /// The result's metadata.
  public var resultMetadata: Bytes?
  /// The result's content.
  public var resultContent: Bytes?
  /// The result's buffers.
  public var resultBuffers: [Bytes]?
  /// Which queue the task went through.
  public var queue: String?
  /// The code that the engine reported it runs.
  public var executeInput: String?
  /// The content of the engine's execute_result message.
  public var executeResult: Bytes?
  /// The content of the engine's error message.
  public var error: Bytes?
  /// The label the client gave the task.
  public var label: String?
  /// What is added to the task's standard output.
  public private(set) var stdout = ""
  /// What is added to the task's standard error.
  public private(set) var stderr = ""

  /// A change to nothing.
  public init() {}

  /// Adds to what the task has written to its standard output.
  public mutating func appendStdout(_ text: String) { stdout += text }

  /// Adds to what the task has written to its standard error.
  public mutating func appendStderr(_ text: String) { stderr += text }

  /// The keys that a change may replace: never msg_id or the two streams.
  static let replaceableKeys = TaskRecordKey.allCases.filter { ![.messageID, .stdout, .stderr].contains($0) }

  /// The change as a record, for code that treats all fields alike.
  var fields: TaskRecord {
    var record = TaskRecord(messageID: "")
    record.apply(self)
    return record
  }
}

extension TaskRecord {
  /// Makes a change. Field by field: this runs two or three times a task.
  mutating func apply(_ update: TaskRecordUpdate) {
    if let header = update.header { self.header = header }
    if let metadata = update.metadata { self.metadata = metadata }
    if let content = update.content { self.content = content }
    if let buffers = update.buffers { self.buffers = buffers }
    if let submitted = update.submitted { self.submitted = submitted }
    if let clientUUID = update.clientUUID { self.clientUUID = clientUUID }
    if let engineUUID = update.engineUUID { self.engineUUID = engineUUID }
    if let started = update.started { self.started = started }
    if let completed = update.completed { self.completed = completed }
    if let resubmitted = update.resubmitted { self.resubmitted = resubmitted }
    if let received = update.received { self.received = received }
    if let resultHeader = update.resultHeader { self.resultHeader = resultHeader }
    if let resultMetadata = update.resultMetadata { self.resultMetadata = resultMetadata }
    if let resultContent = update.resultContent { self.resultContent = resultContent }
    if let resultBuffers = update.resultBuffers { self.resultBuffers = resultBuffers }
    if let queue = update.queue { self.queue = queue }
    if let executeInput = update.executeInput { self.executeInput = executeInput }
    if let executeResult = update.executeResult { self.executeResult = executeResult }
    if let error = update.error { self.error = error }
    if let label = update.label { self.label = label }
    if !update.stdout.isEmpty { stdout += update.stdout }
    if !update.stderr.isEmpty { stderr += update.stderr }
  }
}

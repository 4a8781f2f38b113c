import MartletWire
import MartletZeroMQ

/// A change to some fields of a record.
///
/// It has the optional fields of ``TaskRecord`` under the same names. A nil field leaves the record's value unchanged;
/// no field can be cleared. Output is appended to the record's output.
@dynamicMemberLookup
package struct TaskRecordUpdate: Sendable, Hashable {
  /// The update as a record, for code that handles all fields uniformly.
  private(set) var fields = TaskRecord(messageID: "")

  /// An empty update.
  package init() {}

  /// The new value of a field; nil leaves it unchanged.
  package subscript<Value>(dynamicMember field: WritableKeyPath<TaskRecord, Value?>) -> Value? {
    get { fields[keyPath: field] }
    set { fields[keyPath: field] = newValue }
  }

  /// Appends to the task's standard output.
  package mutating func appendStdout(_ text: String) { fields.stdout += text }

  /// Appends to the task's standard error.
  package mutating func appendStderr(_ text: String) { fields.stderr += text }

  /// The keys that an update may replace: all but msg_id and the two streams.
  static let replaceableKeys = TaskRecordKey.allCases.filter { ![.messageID, .stdout, .stderr].contains($0) }
}

extension TaskRecord {
  /// Applies an update. Fields are written out one by one because this runs two or three times per task.
  mutating func apply(_ update: TaskRecordUpdate) {
    let update = update.fields
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

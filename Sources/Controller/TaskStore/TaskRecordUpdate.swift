/// A change to some fields of a record.
///
/// Every optional field of `TaskRecord` can be assigned by its name (`update.completed = .now`); those that are not
/// stay as they are. A field cannot be unset. Output is added to what the record holds.
@dynamicMemberLookup
public struct TaskRecordUpdate: Sendable, Hashable {
  /// The new values, where there are any; of `stdout` and `stderr` what is to be added.
  private(set) var fields = TaskRecord(messageID: "")

  /// A change to nothing.
  public init() {}

  /// The new value of a field, or nil to leave it as it is.
  public subscript<Value>(dynamicMember field: WritableKeyPath<TaskRecord, Value?>) -> Value? {
    get { fields[keyPath: field] }
    set { fields[keyPath: field] = newValue }
  }

  /// Adds to what the task has written to its standard output.
  public mutating func appendStdout(_ text: String) { fields.stdout += text }

  /// Adds to what the task has written to its standard error.
  public mutating func appendStderr(_ text: String) { fields.stderr += text }

  /// The keys that a change may replace: never msg_id or the two streams.
  static let replaceableKeys = TaskRecordKey.allCases.filter { ![.messageID, .stdout, .stderr].contains($0) }
}

extension TaskRecord {
  /// Makes a change.
  mutating func apply(_ update: TaskRecordUpdate) {
    for key in TaskRecordUpdate.replaceableKeys {
      let value = update.fields[key]
      if value != .null { self[key] = value }
    }
    stdout += update.fields.stdout
    stderr += update.fields.stderr
  }
}

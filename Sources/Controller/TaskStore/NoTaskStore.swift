/// A store that keeps nothing, for hubs that need not answer queries about past tasks: ipyparallel's `NoDB`.
///
/// Adding, updating and dropping have no effect; reading throws an error with the code `noData`.
package final class NoTaskStore: TaskStore {
  /// Creates a store.
  package init() {}

  /// Does nothing.
  package func add(_ record: TaskRecord) {}

  /// Throws `noData`.
  package func record(_ messageID: String) throws(TaskStoreError) -> TaskRecord? { throw Self.noData }

  /// Does nothing.
  package func update(_ messageID: String, _ update: TaskRecordUpdate) {}

  /// False.
  package var keepsRecords: Bool { false }

  /// Does nothing.
  package func addRequest(_ request: TaskRequest) {}

  /// Does nothing.
  package func setEngine(_ uuid: String, of messageID: String) {}

  /// Does nothing.
  package func setResult(_ result: TaskResult) {}

  /// Does nothing and returns 0.
  package func drop(matching query: TaskQuery) -> Int { 0 }

  /// Throws `noData`.
  package func find(_ query: TaskQuery, keys: [TaskRecordKey]) throws(TaskStoreError) -> [TaskRecord] {
    throw Self.noData
  }

  /// Throws `noData`.
  package func history() throws(TaskStoreError) -> [String] { throw Self.noData }

  /// 0.
  package var count: Int { 0 }

  /// Does nothing.
  package func flush() {}

  /// Does nothing.
  package func close() {}

  private static let noData = TaskStoreError(
    .noData, "this controller keeps no task records; start it with a task store to query or resubmit tasks")
}

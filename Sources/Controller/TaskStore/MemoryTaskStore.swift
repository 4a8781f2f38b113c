/// A bounded store in memory: ipyparallel's `DictDB`. See ``MemoryTaskRecords``.
package final class MemoryTaskStore: TaskStore {
  private var records: MemoryTaskRecords

  /// Creates an empty store.
  ///
  /// - Parameters:
  ///   - recordLimit: The maximum number of records.
  ///   - sizeLimit: The maximum size of all buffers, in bytes.
  ///   - cullFraction: The part of a limit, between 0 and 1, that is freed when the limit is exceeded. At least one
  ///     record is dropped, even if the fraction is smaller.
  package init(recordLimit: Int = 1024, sizeLimit: Int = 1 << 30, cullFraction: Double = 0.1) {
    records = MemoryTaskRecords(recordLimit: recordLimit, sizeLimit: sizeLimit, cullFraction: cullFraction)
  }

  /// Bytes of buffers and streams in all records.
  package var bufferBytes: Int { records.bufferBytes }

  /// Adds a record, and drops others if a limit is exceeded.
  package func add(_ record: TaskRecord) throws(TaskStoreError) { try records.add(record) }

  /// The record of a task, or nil if there is none.
  package func record(_ messageID: String) -> TaskRecord? { records.record(messageID) }

  /// Updates a record, and drops others if a limit is exceeded.
  package func update(_ messageID: String, _ update: TaskRecordUpdate) throws(TaskStoreError) {
    try records.update(messageID, update)
  }

  /// Adds the record of a request or completes an existing one, and drops others if a limit is exceeded.
  package func addRequest(_ request: TaskRequest) { records.addRequest(request) }

  /// Sets the engine that a task was assigned to.
  package func setEngine(_ uuid: String, of messageID: String) throws(TaskStoreError) {
    try records.setEngine(uuid, of: messageID)
  }

  /// Completes a record with the reply, and drops others if a limit is exceeded.
  package func setResult(_ result: TaskResult) throws(TaskStoreError) { try records.setResult(result) }

  /// Drops the records that match a query and returns their number.
  @discardableResult
  package func drop(matching query: TaskQuery) -> Int { records.drop(matching: query) }

  /// The records that match a query, in the order in which they were added.
  package func find(_ query: TaskQuery, keys: [TaskRecordKey]) -> [TaskRecord] { records.find(query, keys: keys) }

  /// The msg_ids of all records with a time of submission, in that order.
  package func history() -> [String] { records.history() }

  /// The number of records.
  package var count: Int { records.count }

  /// Does nothing: the records last as long as the process.
  package func flush() {}

  /// Does nothing.
  package func close() {}
}

/// A store of the hub's task records.
///
/// All calls are synchronous and made on one thread. Queries are those of ipyparallel's `db_query`, described at
/// `TaskQuery`. They have the same meaning in every store.
package protocol TaskStore: AnyObject {
  /// Adds a record.
  ///
  /// - Throws: `TaskStoreError` with the code `duplicate` if its msg_id is taken, `locked` or `storage`.
  func add(_ record: TaskRecord) throws(TaskStoreError)

  /// The record of a task, or nil if there is none.
  ///
  /// - Throws: `TaskStoreError` with the code `storage` or `noData`.
  func record(_ messageID: String) throws(TaskStoreError) -> TaskRecord?

  /// Changes a record.
  ///
  /// - Throws: `TaskStoreError` with the code `notFound` if there is no such record, `locked` or `storage`.
  func update(_ messageID: String, _ update: TaskRecordUpdate) throws(TaskStoreError)

  /// Whether records can be read again. If not, callers need not make any.
  var keepsRecords: Bool { get }

  /// Adds the record of a request, or completes a record that output or a resubmission has created.
  ///
  /// - Throws: `TaskStoreError` with the code `locked` or `storage`.
  func addRequest(_ request: TaskRequest) throws(TaskStoreError)

  /// Sets the engine that a task was given to.
  ///
  /// - Throws: `TaskStoreError` with the code `notFound` if there is no such record, `locked` or `storage`.
  func setEngine(_ uuid: String, of messageID: String) throws(TaskStoreError)

  /// Completes a record with the reply.
  ///
  /// - Throws: `TaskStoreError` with the code `notFound` if there is no such record, `locked` or `storage`.
  func setResult(_ result: TaskResult) throws(TaskStoreError)

  /// Drops the records that match a query.
  ///
  /// - Returns: How many records were dropped.
  /// - Throws: `TaskStoreError` with the code `locked` or `storage`.
  @discardableResult
  func drop(matching query: TaskQuery) throws(TaskStoreError) -> Int

  /// The records that match a query, in the order in which they were added.
  ///
  /// - Parameters:
  ///   - query: The query.
  ///   - keys: The fields to read, msg_id among them. No others are read.
  /// - Returns: The records, with all other fields unset.
  /// - Throws: `TaskStoreError` with the code `storage` or `noData`.
  func find(_ query: TaskQuery, keys: [TaskRecordKey]) throws(TaskStoreError) -> [TaskRecord]

  /// The msg_ids of all records with a time of submission, in that order. Records submitted at the same time are in the
  /// order in which they were added.
  ///
  /// - Throws: `TaskStoreError` with the code `storage` or `noData`.
  func history() throws(TaskStoreError) -> [String]

  /// The number of records.
  var count: Int { get throws(TaskStoreError) }

  /// Makes all changes so far outlive this process, if the store can.
  ///
  /// - Throws: `TaskStoreError` with the code `storage`.
  func flush() throws(TaskStoreError)

  /// Flushes and releases the store. No other call may follow.
  ///
  /// - Throws: `TaskStoreError` with the code `storage`.
  func close() throws(TaskStoreError)
}

extension TaskStore {
  /// True.
  package var keepsRecords: Bool { true }

  /// Adds or completes a record field by field.
  package func addRequest(_ request: TaskRequest) throws(TaskStoreError) {
    do {
      try add(request.record)
    } catch  where error.code == .duplicate {
      // Rare, so looking first would cost every request a query.
      guard let existing = try record(request.messageID) else { throw error }
      try update(request.messageID, request.update(of: existing))
    }
  }

  /// Changes the one field.
  package func setEngine(_ uuid: String, of messageID: String) throws(TaskStoreError) {
    var update = TaskRecordUpdate()
    update.engineUUID = uuid
    try self.update(messageID, update)
  }

  /// Changes the record field by field.
  package func setResult(_ result: TaskResult) throws(TaskStoreError) {
    try update(result.messageID, result.update)
  }

  /// Drops the records with these ids. Ids without a record are ignored.
  ///
  /// - Returns: How many records were dropped.
  /// - Throws: `TaskStoreError` with the code `locked` or `storage`.
  @discardableResult
  package func drop(_ messageIDs: some Sequence<String>) throws(TaskStoreError) -> Int {
    try drop(matching: TaskQuery(ids: Array(messageIDs)))
  }
}

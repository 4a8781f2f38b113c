/// A store of the hub's task records.
///
/// All calls are synchronous and made on one thread. Queries are those of ipyparallel's `db_query`; see `TaskQuery`.
/// They have the same meaning in every store.
package protocol TaskStore: AnyObject {
  /// Adds a record.
  ///
  /// - Throws: `TaskStoreError` with the code `duplicate` if its msg_id already exists, `locked` or `storage`.
  func add(_ record: TaskRecord) throws(TaskStoreError)

  /// The record of a task, or nil if there is none.
  ///
  /// - Throws: `TaskStoreError` with the code `storage` or `noData`.
  func record(_ messageID: String) throws(TaskStoreError) -> TaskRecord?

  /// Updates a record.
  ///
  /// - Throws: `TaskStoreError` with the code `notFound` if there is no such record, `locked` or `storage`.
  func update(_ messageID: String, _ update: TaskRecordUpdate) throws(TaskStoreError)

  /// Whether the store keeps records. If not, callers need not create any.
  var keepsRecords: Bool { get }

  /// Adds the record of a request, or completes a record that output or a resubmission has created.
  ///
  /// - Throws: `TaskStoreError` with the code `locked` or `storage`.
  func addRequest(_ request: TaskRequest) throws(TaskStoreError)

  /// Sets the engine that a task was assigned to.
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
  ///   - keys: The fields to read, including msg_id. No others are read.
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

  /// Makes all changes so far permanent, if the store supports it.
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

  /// Adds the record, or updates an existing one.
  package func addRequest(_ request: TaskRequest) throws(TaskStoreError) {
    do {
      try add(request.record)
    } catch  where error.code == .duplicate {
      // Duplicates are rare. Checking first would cost a query per request.
      guard let existing = try record(request.messageID) else { throw error }
      try update(request.messageID, request.update(of: existing))
    }
  }

  /// Updates only this field.
  package func setEngine(_ uuid: String, of messageID: String) throws(TaskStoreError) {
    var update = TaskRecordUpdate()
    update.engineUUID = uuid
    try self.update(messageID, update)
  }

  /// Updates the record with the result's fields.
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

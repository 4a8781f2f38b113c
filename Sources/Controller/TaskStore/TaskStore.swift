import MartletWire

/// Where the hub keeps its task records.
///
/// A store belongs to the event loop that uses it; every call is synchronous. Queries are those of ipyparallel's
/// `db_query`, described at `TaskQuery`, and mean the same in every store.
public protocol TaskStore: AnyObject {
  /// Adds a record.
  ///
  /// - Throws: `TaskStoreError` with the code `duplicate` if its msg_id is taken, or `storage`.
  func add(_ record: TaskRecord) throws(TaskStoreError)

  /// The record of a task, or nil if there is none.
  ///
  /// - Throws: `TaskStoreError` with the code `storage` or `noData`.
  func record(_ messageID: String) throws(TaskStoreError) -> TaskRecord?

  /// Changes a record.
  ///
  /// - Throws: `TaskStoreError` with the code `notFound` if there is no such record, or `storage`.
  func update(_ messageID: String, _ update: TaskRecordUpdate) throws(TaskStoreError)

  /// Whether what is added can be read; if not, nobody need make records.
  var keepsRecords: Bool { get }

  /// Adds the record of a request, or completes the one that output or a resubmission made before.
  ///
  /// - Throws: `TaskStoreError` with the code `storage`.
  func addRequest(_ request: TaskRequest) throws(TaskStoreError)

  /// Notes the engine that a task was given to.
  ///
  /// - Throws: `TaskStoreError` with the code `notFound` if there is no such record, or `storage`.
  func setEngine(_ uuid: String, of messageID: String) throws(TaskStoreError)

  /// Completes a record with the reply.
  ///
  /// - Throws: `TaskStoreError` with the code `notFound` if there is no such record, or `storage`.
  func setResult(_ result: TaskResult) throws(TaskStoreError)

  /// Drops the records that match a query.
  ///
  /// - Parameter query: A query as `TaskQuery` reads it.
  /// - Returns: How many records were dropped.
  /// - Throws: `TaskStoreError` for a query that is wrong, or with the code `storage`.
  @discardableResult
  func drop(matching query: JSONValue) throws(TaskStoreError) -> Int

  /// The records that match a query, in the order they were added.
  ///
  /// - Parameters:
  ///   - query: A query as `TaskQuery` reads it.
  ///   - keys: The fields to fetch by their original names; msg_id always comes too. Nil or none means all.
  /// - Returns: The records, with the fields that were not asked for unset.
  /// - Throws: `TaskStoreError` for a query or a key that is wrong, or with the code `storage` or `noData`.
  func find(_ query: JSONValue, keys: [String]?) throws(TaskStoreError) -> [TaskRecord]

  /// The msg_ids of all records that have a time of submission, in that order; those submitted at the same time in the
  /// order they were added.
  ///
  /// - Throws: `TaskStoreError` with the code `storage` or `noData`.
  func history() throws(TaskStoreError) -> [String]

  /// The number of records.
  var count: Int { get throws(TaskStoreError) }

  /// Makes sure that what has been stored so far outlives this process, if the store can.
  ///
  /// - Throws: `TaskStoreError` with the code `storage`.
  func flush() throws(TaskStoreError)

  /// Flushes and releases the store; no other call may follow.
  ///
  /// - Throws: `TaskStoreError` with the code `storage`.
  func close() throws(TaskStoreError)
}

extension TaskStore {
  /// True.
  public var keepsRecords: Bool { true }

  /// Adds or completes a record field by field.
  public func addRequest(_ request: TaskRequest) throws(TaskStoreError) {
    do {
      try add(request.record)
    } catch  where error.code == .duplicate {
      // Rare, so that asking first would cost every request a look-up.
      guard let existing = try record(request.messageID) else { throw error }
      try update(request.messageID, request.update(of: existing))
    }
  }

  /// Changes the one field.
  public func setEngine(_ uuid: String, of messageID: String) throws(TaskStoreError) {
    var update = TaskRecordUpdate()
    update.engineUUID = uuid
    try self.update(messageID, update)
  }

  /// Changes the record field by field.
  public func setResult(_ result: TaskResult) throws(TaskStoreError) {
    try update(result.messageID, result.update)
  }

  /// Drops the records with these ids; ids without a record are passed over.
  ///
  /// - Returns: How many records were dropped.
  /// - Throws: `TaskStoreError` with the code `storage`.
  @discardableResult
  public func drop(_ messageIDs: some Sequence<String>) throws(TaskStoreError) -> Int {
    try drop(matching: [TaskRecordKey.messageID.rawValue: ["$in": .array(messageIDs.map(JSONValue.string))]])
  }
}

import Foundation
import GRDB
import MartletWire

/// A store in a SQLite database: ipyparallel's `SQLiteDB`, but with a different table layout.
///
/// Changes take effect at once in an open transaction, so every read sees them. The transaction is committed by
/// `flush`, or automatically after `batchStatements` changes or `batchBytes` bytes. The owner should flush every second
/// or two (ipyparallel commits every two seconds), which also lets other processes write to the file. If the process is
/// killed, the open transaction is lost as a whole; committed ones survive because the database is in WAL mode. A power
/// failure may lose the last transactions because a commit does not wait for the disk.
///
/// If another process is writing to the file, a call waits up to five seconds, then throws.
///
/// Records are dropped only on request; `recordLimit` and `sizeLimit` do not apply. One field holds at most 1 GB.
package final class SQLiteTaskStore: TaskStore {
  /// The number of changes after which a transaction is committed.
  package static let batchStatements = 512
  /// The size of changes after which a transaction is committed, in bytes.
  package static let batchBytes = 4 << 20

  /// The name of the table in use. If the configured table has a different layout, a number is appended to its name.
  package let table: String

  private let database: DatabaseQueue
  private let quotedTable: String
  private let insertion: String
  private var pendingStatements = 0
  private var pendingBytes = 0

  /// Opens or creates the database and the table.
  ///
  /// - Parameters:
  ///   - configuration: The directory, which must exist, the file and the table.
  ///   - session: The id of the hub's session, which names the table if the configuration does not.
  /// - Throws: `TaskStoreError` with the code `storage` or `locked`, which names the file and says what to do.
  package init(configuration: TaskStoreConfiguration, session: String) throws(TaskStoreError) {
    let directory = configuration.location.isEmpty ? "." : configuration.location
    let path = URL(fileURLWithPath: directory).appendingPathComponent(configuration.filename).path
    let name =
      configuration.table.isEmpty ? "_" + session.replacingOccurrences(of: "-", with: "_") : configuration.table
    do {
      (database, table) = try Self.open(path: path, table: name)
    } catch {
      throw Self.openingFailure(error, path: path)
    }
    quotedTable = Self.quoted(table)
    let columns = TaskRecordKey.allCases.map { Self.quoted($0.rawValue) }.joined(separator: ", ")
    let placeholders = TaskRecordKey.allCases.map { _ in "?" }.joined(separator: ", ")
    insertion = "INSERT INTO \(quotedTable) (\(columns)) VALUES (\(placeholders))"
  }

  /// Adds a record.
  package func add(_ record: TaskRecord) throws(TaskStoreError) {
    var arguments: [DatabaseValue] = []
    var bytes = 0
    for key in TaskRecordKey.allCases {
      let value = record[key]
      arguments.append(try value.databaseValue())
      bytes += value.byteCount
    }
    do {
      try change(insertion, arguments, bytes: bytes, isFrequent: true)
    } catch  where error.code == .duplicate {
      throw TaskStoreError(.duplicate, "already have msg_id '\(record.messageID)'")
    }
  }

  /// The record of a task, or nil if there is none.
  package func record(_ messageID: String) throws(TaskStoreError) -> TaskRecord? {
    try records(
      TaskRecordKey.allCases, where: "msg_id = ?", [SQLText.encode(messageID).databaseValue], isFrequent: true
    ).first
  }

  /// Updates a record.
  package func update(_ messageID: String, _ update: TaskRecordUpdate) throws(TaskStoreError) {
    var assignments: [String] = []
    var arguments: [DatabaseValue] = []
    var bytes = 0
    let fields = update.fields
    for key in TaskRecordUpdate.replaceableKeys {
      let value = fields[key]
      guard value != .null else { continue }
      assignments.append("\(Self.quoted(key.rawValue)) = ?")
      arguments.append(try value.databaseValue())
      bytes += value.byteCount
    }
    for key in [TaskRecordKey.stdout, .stderr] where fields[key] != .text("") {
      let column = Self.quoted(key.rawValue)
      assignments.append("\(column) = \(column) || ?")
      arguments.append(try fields[key].databaseValue())
      bytes += fields[key].byteCount
    }
    // An empty update must still fail if the record does not exist.
    if assignments.isEmpty { assignments.append("msg_id = msg_id") }
    arguments.append(SQLText.encode(messageID).databaseValue)
    let changed = try change(
      "UPDATE \(quotedTable) SET \(assignments.joined(separator: ", ")) WHERE msg_id = ?", arguments, bytes: bytes,
      isFrequent: true)
    guard changed > 0 else { throw .notFound(messageID) }
  }

  /// Drops the records that match a query and returns their number.
  @discardableResult
  package func drop(matching query: TaskQuery) throws(TaskStoreError) -> Int {
    let condition = query.sql
    return try change("DELETE FROM \(quotedTable) WHERE \(condition.expression)", condition.arguments)
  }

  /// The records that match a query, in the order in which they were added.
  package func find(_ query: TaskQuery, keys: [TaskRecordKey]) throws(TaskStoreError) -> [TaskRecord] {
    let condition = query.sql
    return try records(keys, where: condition.expression, condition.arguments)
  }

  /// The msg_ids of all records with a time of submission, in that order.
  package func history() throws(TaskStoreError) -> [String] {
    try rows("SELECT msg_id FROM \(quotedTable) WHERE submitted IS NOT NULL ORDER BY submitted, rowid", []) { row in
      guard let messageID = try TaskFieldValue(row[0], kind: .text).text else { throw TaskFieldValue.damaged }
      return messageID
    }
  }

  /// The number of records.
  package var count: Int {
    get throws(TaskStoreError) {
      let counts = try rows("SELECT count(*) FROM \(quotedTable)", []) { row in Int.fromDatabaseValue(row[0]) }
      return counts.first.flatMap(\.self) ?? 0
    }
  }

  /// Commits all changes so far.
  package func flush() throws(TaskStoreError) {
    try Self.wrap { try database.writeWithoutTransaction(commit) }
  }

  /// Commits all changes so far and closes the database.
  package func close() throws(TaskStoreError) {
    try flush()
    try Self.wrap { try database.close() }
  }

  /// Runs a statement that changes records and returns how many it changed.
  ///
  /// - Parameter isFrequent: whether to cache the compiled statement. Only statements of a few fixed forms may set it.
  @discardableResult
  private func change(
    _ sql: String, _ arguments: [DatabaseValue], bytes: Int = 0, isFrequent: Bool = false
  ) throws(TaskStoreError) -> Int {
    try Self.wrap {
      try database.writeWithoutTransaction { database in
        // SQLite rolls the transaction back on its own when the disk is full or fails.
        if !database.isInsideTransaction { try database.beginTransaction(.immediate) }
        let statement = try isFrequent ? database.cachedStatement(sql: sql) : database.makeStatement(sql: sql)
        try statement.execute(arguments: StatementArguments(arguments))
        let changed = database.changesCount
        pendingStatements += 1
        pendingBytes += bytes
        if pendingStatements >= Self.batchStatements || pendingBytes >= Self.batchBytes { try commit(database) }
        return changed
      }
    }
  }

  private func commit(_ database: Database) throws {
    if database.isInsideTransaction { try database.commit() }
    pendingStatements = 0
    pendingBytes = 0
  }

  private func records(
    _ keys: [TaskRecordKey], where condition: String, _ arguments: [DatabaseValue], isFrequent: Bool = false
  ) throws(TaskStoreError) -> [TaskRecord] {
    let columns = keys.map { Self.quoted($0.rawValue) }.joined(separator: ", ")
    let sql = "SELECT \(columns) FROM \(quotedTable) WHERE \(condition) ORDER BY rowid"
    return try rows(sql, arguments, isFrequent: isFrequent) { row in
      var record = TaskRecord(messageID: "")
      for (key, value) in zip(keys, row.databaseValues) {
        record[key] = try TaskFieldValue(value, kind: key.kind)
      }
      return record
    }
  }

  private func rows<Element>(
    _ sql: String, _ arguments: [DatabaseValue], isFrequent: Bool = false, _ read: (Row) throws -> Element
  ) throws(TaskStoreError) -> [Element] {
    try Self.wrap {
      try database.writeWithoutTransaction { database in
        let statement = try isFrequent ? database.cachedStatement(sql: sql) : database.makeStatement(sql: sql)
        let cursor = try Row.fetchCursor(statement, arguments: StatementArguments(arguments))
        var elements: [Element] = []
        while let row = try cursor.next() { elements.append(try read(row)) }
        return elements
      }
    }
  }
}

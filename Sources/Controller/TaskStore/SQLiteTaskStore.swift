import Foundation
import GRDB
import MartletWire

/// A store in a SQLite database: ipyparallel's `SQLiteDB`, with a table of its own layout.
///
/// Changes are made at once in an open transaction, so every reading sees them, and become permanent together: when
/// `flush` is called, or by themselves after `batchStatements` changes or `batchBytes` bytes. The owner should flush
/// every second or two (ipyparallel commits every two), which also lets other processes write to the file. What is not
/// yet permanent when the process is killed is lost as a whole; what is permanent survives, since the database is in WAL
/// mode. Only a power failure may take the last transactions with it: committing does not wait for the disk.
///
/// A call waits up to five seconds while another process writes to the file, then throws.
///
/// Nothing is dropped unless asked for; `recordLimit` and `sizeLimit` do not apply. One field holds at most 1 GB.
package final class SQLiteTaskStore: TaskStore {
  /// After how many changes a transaction is committed.
  package static let batchStatements = 512
  /// After how many bytes of changes a transaction is committed.
  package static let batchBytes = 4 << 20

  /// The name of the table in use. A number is appended to the configured name if that table has another layout.
  package let table: String

  private let database: DatabaseQueue
  private let quotedTable: String
  private let insertion: String
  private var pendingStatements = 0
  private var pendingBytes = 0

  /// Opens or creates the database and the table.
  ///
  /// - Parameters:
  ///   - configuration: Names the directory, which must exist, the file and the table.
  ///   - session: The id of the hub's session, which names the table if the configuration does not.
  /// - Throws: `TaskStoreError` with the code `storage`.
  package init(configuration: TaskStoreConfiguration, session: String) throws(TaskStoreError) {
    let directory = configuration.location.isEmpty ? "." : configuration.location
    let path = URL(fileURLWithPath: directory).appendingPathComponent(configuration.filename).path
    let name =
      configuration.table.isEmpty ? "_" + session.replacingOccurrences(of: "-", with: "_") : configuration.table
    (database, table) = try Self.wrap { try Self.open(path: path, table: name) }
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

  /// Changes a record.
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
    // A change to nothing must still fail for a record that is not there.
    if assignments.isEmpty { assignments.append("msg_id = msg_id") }
    arguments.append(SQLText.encode(messageID).databaseValue)
    let changed = try change(
      "UPDATE \(quotedTable) SET \(assignments.joined(separator: ", ")) WHERE msg_id = ?", arguments, bytes: bytes,
      isFrequent: true)
    guard changed > 0 else { throw TaskStoreError(.notFound, "no such msg_id '\(messageID)'") }
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

  /// Makes all changes so far permanent.
  package func flush() throws(TaskStoreError) {
    try Self.wrap { try database.writeWithoutTransaction(commit) }
  }

  /// Makes all changes so far permanent and closes the database.
  package func close() throws(TaskStoreError) {
    try flush()
    try Self.wrap { try database.close() }
  }

  /// Runs a statement that changes records and returns how many it changed.
  ///
  /// Only statements of a few fixed forms may be frequent: those are kept compiled.
  @discardableResult
  private func change(
    _ sql: String, _ arguments: [DatabaseValue], bytes: Int = 0, isFrequent: Bool = false
  ) throws(TaskStoreError) -> Int {
    try Self.wrap {
      try database.writeWithoutTransaction { database in
        // SQLite ends a transaction by itself when the disk is full or fails.
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

import Foundation
import GRDB

extension SQLiteTaskStore {
  /// Opens the database, and finds or creates a table of the right layout with this name, or with this name and a
  /// number.
  static func open(path: String, table: String) throws -> (DatabaseQueue, String) {
    if !FileManager.default.fileExists(atPath: path) {
      // SQLite gives its journals the permissions of the database file. Only the owner may read tasks.
      _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
    }
    var configuration = Configuration()
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(5)
    // A transaction stays open from one call to the next.
    configuration.allowsUnsafeTransactions = true
    configuration.prepareDatabase { database in
      database.add(function: TaskQuery.function)
    }
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    let name = try queue.write { database in
      var name = table
      var number = 0
      while try database.tableExists(name), try !hasLayout(database, table: name) {
        number += 1
        name = "\(table)_\(number)"
      }
      try create(database, table: name)
      return name
    }
    return (queue, name)
  }

  /// An identifier quoted for SQL.
  static func quoted(_ identifier: String) -> String {
    "\"\(identifier.replacingOccurrences(of: "\"", with: "\"\""))\""
  }

  /// Runs `body`, converting database errors to `TaskStoreError`.
  static func wrap<Result>(_ body: () throws -> Result) throws(TaskStoreError) -> Result {
    do {
      return try body()
    } catch let error as TaskStoreError {
      throw error
    } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_PRIMARYKEY {
      throw TaskStoreError(.duplicate, "task database: \(error)")
    } catch let error as DatabaseError where [.SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode) {
      throw TaskStoreError(.locked, "task database: \(error)")
    } catch {
      throw TaskStoreError(.storage, "task database: \(error)")
    }
  }

  private static func hasLayout(_ database: Database, table: String) throws -> Bool {
    let sql = "SELECT name || ' ' || type FROM pragma_table_info(?)"
    let columns = try String?.fetchAll(database, sql: sql, arguments: [table])
    return columns == TaskRecordKey.allCases.map { "\($0.rawValue) \($0.columnType)" }
  }

  private static func create(_ database: Database, table: String) throws {
    let columns = TaskRecordKey.allCases.map { key in
      "\(quoted(key.rawValue)) \(key.columnType)\(key == .messageID ? " PRIMARY KEY NOT NULL" : "")"
    }
    try database.execute(sql: "CREATE TABLE IF NOT EXISTS \(quoted(table)) (\(columns.joined(separator: ", ")))")
    try database.execute(
      sql: "CREATE INDEX IF NOT EXISTS \(quoted(table + "_submitted")) ON \(quoted(table)) (submitted, msg_id)")
  }
}

extension TaskRecordKey {
  fileprivate var columnType: String {
    switch kind {
    case .text: "TEXT"
    case .date: "INTEGER"
    case .json, .buffers: "BLOB"
    }
  }
}

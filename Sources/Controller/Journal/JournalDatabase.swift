import Foundation
import GRDB

/// The SQLite file of a journal: one row for each batch.
///
/// A commit reaches the system, not the disk (`synchronous=OFF`): it survives the death of the process, but not that of the
/// machine. No other process can use the file meanwhile. New rows are written once, to their place, since SQLite's rollback
/// journal needs only the few pages that were there before; a write-ahead log takes twice the time for a large commit. Nor
/// are deleted rows overwritten, as Debian's SQLite does by default: it would read and write each of them twice.
final class JournalDatabase: Sendable {
  /// Where the file is.
  let path: String
  private let queue: DatabaseQueue

  /// A row.
  struct Row {
    let id: JournalLedger.BatchID
    /// Seconds since 1970.
    let time: Double
    let entries: [UInt8]
  }

  /// What a commit changes.
  struct Changes {
    var added: [Row] = []
    var removed: [JournalLedger.BatchID] = []
    /// From when on the journal knows all tasks; `nil` if that has not changed.
    var horizon: Double?
  }

  /// Opens or creates a journal.
  ///
  /// - Throws: GRDB's error.
  init(path: String) throws {
    self.path = path
    if !FileManager.default.fileExists(atPath: path) {
      // SQLite gives its other files the permissions of this one. Only the owner may read tasks.
      _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
    }
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { database in
      try database.execute(
        sql: """
          PRAGMA page_size = 16384;
          PRAGMA locking_mode = EXCLUSIVE;
          PRAGMA journal_mode = PERSIST;
          PRAGMA synchronous = OFF;
          PRAGMA secure_delete = FAST;
          PRAGMA journal_size_limit = 16777216;
          """)
    }
    queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.write { database in
      try database.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS batches (id INTEGER PRIMARY KEY, time REAL NOT NULL, entries BLOB NOT NULL);
          CREATE TABLE IF NOT EXISTS horizon (id INTEGER PRIMARY KEY CHECK (id = 0), time REAL NOT NULL);
          """)
    }
  }

  /// The ids of all batches in their order, and how the file is damaged. If it is, they are read from both ends, and all ids
  /// between may be there.
  func ids() throws -> (ids: [JournalLedger.BatchID], damage: DatabaseError?) {
    // In a transaction, the commit would fail after an error.
    try queue.unsafeRead { database in
      let (before, damage) = try Self.ids("ASC", database)
      guard damage != nil else { return (before, nil) }
      let (behind, _) = try Self.ids("DESC", database)
      let (last, first) = (before.last ?? 0, behind.last ?? 0)
      guard last >= 0, last < first else { return (before, damage) }
      let between = first - last <= Self.damagedLimit ? Array((last + 1)..<first) : []
      return (before + between + behind.reversed(), damage)
    }
  }

  /// The most batches that are looked for one by one.
  private static let damagedLimit: JournalLedger.BatchID = 1_000_000

  private static func ids(_ order: String, _ database: Database) throws -> ([JournalLedger.BatchID], DatabaseError?) {
    var ids: [JournalLedger.BatchID] = []
    do {
      let cursor = try JournalLedger.BatchID.fetchCursor(database, sql: "SELECT id FROM batches ORDER BY id \(order)")
      while let id = try cursor.next() { ids.append(id) }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
      return (ids, error)
    }
    return (ids, nil)
  }

  /// A batch; `nil` if there is none.
  func row(_ id: JournalLedger.BatchID) throws -> Row? {
    try queue.read { database in
      let statement = try database.cachedStatement(sql: "SELECT time, entries FROM batches WHERE id = ?")
      return try GRDB.Row.fetchOne(statement, arguments: [id]).flatMap { row in
        guard let time = Double.fromDatabaseValue(row[0]), let entries = Data.fromDatabaseValue(row[1]) else {
          return nil
        }
        return Row(id: id, time: time, entries: [UInt8](entries))
      }
    }
  }

  /// From when on the journal knows all tasks.
  func horizon() throws -> Double? {
    try queue.read { try Double.fetchOne($0, sql: "SELECT time FROM horizon") }
  }

  /// Performs changes in one transaction.
  func commit(_ changes: Changes) throws {
    try queue.inTransaction(.immediate) { database in
      for row in changes.added {
        let statement = try database.cachedStatement(sql: "INSERT INTO batches (id, time, entries) VALUES (?, ?, ?)")
        try statement.execute(arguments: [row.id, row.time, Data(row.entries)])
      }
      for id in changes.removed {
        try database.cachedStatement(sql: "DELETE FROM batches WHERE id = ?").execute(arguments: [id])
      }
      if let horizon = changes.horizon {
        try database.cachedStatement(sql: "INSERT OR REPLACE INTO horizon (id, time) VALUES (0, ?)")
          .execute(arguments: [horizon])
      }
      return .commit
    }
  }

  /// Gives the space of deleted rows back to the file system.
  func shrink() throws { try queue.vacuum() }

  /// Closes the file.
  func close() throws { try queue.close() }

  /// Closes and removes the file.
  func remove() {
    try? close()
    Self.remove(path)
  }

  /// Removes a journal that nobody uses.
  static func remove(_ path: String) { for file in files(path) { unlink(file) } }

  /// Renames a journal that can't be used.
  ///
  /// - Returns: its new path.
  static func moveAside(_ path: String) -> String {
    let aside = "\(path).damaged"
    for (file, target) in zip(files(path), files(aside)) { rename(file, target) }
    return aside
  }

  /// The last two are those of a file that an earlier version wrote.
  private static func files(_ path: String) -> [String] { [path, "\(path)-journal", "\(path)-wal", "\(path)-shm"] }
}

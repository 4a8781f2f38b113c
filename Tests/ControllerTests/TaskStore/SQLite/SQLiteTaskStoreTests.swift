import Foundation
import GRDB
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct SQLiteTaskStoreTests {
  let fixture: TaskStoreFixture

  init() throws { fixture = try TaskStoreFixture() }

  private func store(table: String = "ipython-tasks", session: String = "") throws -> SQLiteTaskStore {
    var configuration = fixture.configuration(.sqlite)
    configuration.table = table
    return try SQLiteTaskStore(configuration: configuration, session: session)
  }

  private func storedCount(table: String = "ipython-tasks") throws -> Int? {
    let database = try DatabaseQueue(path: fixture.directory.appendingPathComponent("tasks.db").path)
    return try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \"\(table)\"") }
  }

  @Test func recordsOutliveTheStore() throws {
    let first = try store()
    try first.add(.sample(0))
    try first.update("task-0", .completed(at: 0, resultSize: 3))
    let record = try first.record("task-0")
    try first.close()
    #expect(try store().record("task-0") == record)
  }

  @Test func changesBecomePermanentTogether() throws {
    let store = try store()
    try store.add(.sample(0))
    try store.flush()
    try store.flush()
    #expect(try storedCount() == 1)
    try store.add(.sample(1))
    #expect(try store.count == 2)
    #expect(try storedCount() == 1)
    for index in 2...SQLiteTaskStore.batchStatements { try store.add(.sample(index)) }
    #expect(try storedCount() == SQLiteTaskStore.batchStatements + 1)
    try store.add(.sample(-1, bufferSize: SQLiteTaskStore.batchBytes))
    #expect(try storedCount() == SQLiteTaskStore.batchStatements + 2)
  }

  @Test func aFailedChangeLeavesTheOthers() throws {
    let store = try store()
    try store.add(.sample(0))
    #expect(throws: TaskStoreError.self) { try store.add(.sample(0)) }
    #expect(throws: TaskStoreError.self) { try store.update("nobody", .completed(at: 0)) }
    try store.flush()
    #expect(try storedCount() == 1)
  }

  @Test func sessionsNameTablesIfNothingElseDoes() throws {
    #expect(try store(table: "", session: "ab-cd_1").table == "_ab_cd_1")
  }

  @Test(arguments: ["odd \"name'; --", "ünï"])
  func tableNamesAreQuoted(table: String) throws {
    let first = try store(table: table)
    #expect(first.table == table)
    try first.add(.sample(0))
    try first.close()
    #expect(try store(table: table).history() == ["task-0"])
  }

  @Test func tablesOfAnotherLayoutAreLeftAlone() throws {
    let path = fixture.directory.appendingPathComponent("tasks.db").path
    let database = try DatabaseQueue(path: path)
    try database.write { try $0.execute(sql: "CREATE TABLE tasks (msg_id text PRIMARY KEY, header dict text)") }
    try database.close()
    let first = try store(table: "tasks")
    #expect(first.table == "tasks_1")
    try first.add(.sample(0))
    try first.close()
    #expect(try store(table: "tasks").count == 1)
  }

  @Test func twoStoresShareAFile() throws {
    let first = try store(table: "one")
    try first.add(.sample(0))
    try first.flush()
    let second = try store(table: "two")
    try second.add(.sample(1))
    try second.flush()
    #expect(try first.history() == ["task-0"])
    #expect(try second.history() == ["task-1"])
  }

  @Test func theFileIsPrivate() throws {
    let store = try store()
    try store.flush()
    for name in ["tasks.db", "tasks.db-wal"] {
      let path = fixture.directory.appendingPathComponent(name).path
      let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(permissions == 0o600, "\(name)")
    }
  }

  /// What can be wrong with a file, and the words that say so.
  enum Damage: String, CaseIterable, Sendable {
    case noDatabase = "not a SQLite database"
    case damaged = "is damaged"
    case newer = "a newer version of SQLite wrote it"
    case folder = "it is a folder"
    case noFolder = "there is no folder"
    case locked = "another process has locked it"
  }

  @Test(arguments: Damage.allCases) func theErrorNamesTheFileAndSaysWhatToDo(damage: Damage) throws {
    let path = fixture.directory.appendingPathComponent("tasks.db").path
    var configuration = fixture.configuration(.sqlite)
    var locker: DatabaseQueue?
    defer { try? locker?.close() }
    func overwrite(_ bytes: [UInt8], at offset: UInt64) throws {
      try store().close()
      let file = try #require(FileHandle(forWritingAtPath: path))
      try file.seek(toOffset: offset)
      try file.write(contentsOf: Data(bytes))
      try file.close()
    }
    switch damage {
    case .noDatabase:
      #expect(FileManager.default.createFile(atPath: path, contents: Data(repeating: 7, count: 4096)))
    case .damaged: try overwrite([UInt8](repeating: 0xEE, count: 2048), at: 100)
    case .newer: try overwrite([9, 9], at: 18)
    case .folder: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case .noFolder: configuration.location = "\(fixture.directory.path)/missing"
    case .locked:
      let queue = try DatabaseQueue(path: path)
      locker = queue
      try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA locking_mode = EXCLUSIVE; CREATE TABLE t (x)") }
    }
    let error = #expect(throws: TaskStoreError.self) {
      try SQLiteTaskStore(configuration: configuration, session: "")
    }
    let text = error?.message ?? ""
    let file = "\(configuration.location)/tasks.db"
    #expect(text.hasPrefix("the task database \(file) can't be used: ") && text.contains(damage.rawValue), "\(text)")
    #expect(text.contains("--SQLiteDB."), "\(text)")
    #expect(!text.contains("\n"))
    #expect(error?.code == (damage == .locked ? .locked : .storage))
  }

  @Test(arguments: [
    "UPDATE \"ipython-tasks\" SET buffers = X'01'", "UPDATE \"ipython-tasks\" SET buffers = X'FFFFFFFFFFFFFFFF'",
    "UPDATE \"ipython-tasks\" SET buffers = X'FFFFFFFFFFFFFF7F'", "UPDATE \"ipython-tasks\" SET submitted = 'soon'",
    "UPDATE \"ipython-tasks\" SET buffers = X'0100000000000000FFFFFFFFFFFFFF7F'",
    "UPDATE \"ipython-tasks\" SET buffers = X'000000000000000000'", "UPDATE \"ipython-tasks\" SET header = 'text'",
    "UPDATE \"ipython-tasks\" SET msg_id = X'FF'",
  ])
  func damageIsAnError(sql: String) throws {
    let store = try store()
    try store.add(.sample(0))
    try store.flush()
    let database = try DatabaseQueue(path: fixture.directory.appendingPathComponent("tasks.db").path)
    try database.write { try $0.execute(sql: sql) }
    let error = #expect(throws: TaskStoreError.self) { try store.find([:]) }
    #expect(error?.code == .storage)
  }

  /// Reading the corrupted columns fails, so a query that succeeds has not read them.
  @Test(arguments: [TaskRecordKey.buffers, .resultBuffers, .header, .submitted])
  func onlyTheColumnsAskedForAreRead(key: TaskRecordKey) throws {
    let store = try store()
    try store.add(.sample(0))
    try store.flush()
    let database = try DatabaseQueue(path: fixture.directory.appendingPathComponent("tasks.db").path)
    let value = key.kind == .buffers ? "X'01'" : "'text'"
    try database.write { try $0.execute(sql: "UPDATE \"ipython-tasks\" SET \(key.rawValue) = \(value)") }
    let others = TaskRecordKey.allCases.filter { $0 != key }
    #expect(try store.find(TaskQuery(ids: ["task-0"]), keys: others).count == 1)
    if key.kind == .buffers { #expect(try store.find(TaskQuery([:]), keys: TaskRecordKey.allButBuffers).count == 1) }
    #expect(throws: TaskStoreError.self) { try store.find(TaskQuery([:]), keys: [.messageID, key]) }
  }
}

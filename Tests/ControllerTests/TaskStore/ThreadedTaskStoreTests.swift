import Foundation
import GRDB
import Logging
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// A database on its own thread, and its callers while another process locks the file.
@Suite struct ThreadedTaskStoreTests {
  let fixture: TaskStoreFixture
  let loop: EventLoop
  let store: ThreadedTaskStore

  init() throws {
    fixture = try TaskStoreFixture()
    loop = try EventLoop(name: "store")
    try loop.start()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    store = ThreadedTaskStore(
      try fixture.configuration(.sqlite).makeStore(session: ""), loop: loop, flushInterval: .milliseconds(20),
      logger: logger)
  }

  private func post(_ records: Range<Int>) {
    var writes = records.map { TaskStoreWrite.add(.sample($0)) }
    store.post(&writes)
    #expect(writes.isEmpty)
  }

  private func ask(_ query: TaskStoreQuery) async throws -> TaskStoreAnswer {
    try await withCheckedContinuation { continuation in store.ask(query) { continuation.resume(returning: $0) } }.get()
  }

  private func close() async {
    await withCheckedContinuation { continuation in store.close { continuation.resume() } }
    loop.stop()
    await loop.waitUntilStopped()
  }

  private func database() throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    return try DatabaseQueue(
      path: fixture.directory.appendingPathComponent("tasks.db").path, configuration: configuration)
  }

  private func storedCount() throws -> Int {
    try database().read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \"ipython-tasks\"") } ?? 0
  }

  @Test func aQuestionSeesWhatWasPostedBefore() async throws {
    for round in 1...20 {
      post((round - 1) * 100..<round * 100)
      #expect(try await ask(.history).ids.count == round * 100)
    }
    #expect(store.room <= ThreadedTaskStore.queueLimit)
    await close()
    #expect(try storedCount() == 2000)
  }

  @Test func changesBecomePermanentByThemselves() async throws {
    post(0..<3)
    while try storedCount() < 3 { await Task.yield() }
    await close()
  }

  @Test func changesWaitForALockAndQuestionsFail() async throws {
    let other = try database()
    try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
    post(0..<1000)
    #expect(store.room < ThreadedTaskStore.queueLimit)
    let error = await #expect(throws: TaskStoreError.self) { try await ask(.history) }
    #expect(error?.code == .locked && error?.exceptionName == "OperationalError")
    post(1000..<1100)
    try await other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
    var answer: TaskStoreAnswer?
    while answer == nil { answer = try? await ask(.history) }
    #expect(answer?.ids == (0..<1100).map { "task-\($0)" })
    while store.room < ThreadedTaskStore.queueLimit { await Task.yield() }
    await close()
    #expect(try storedCount() == 1100)
  }

  @Test func closingDoesNotWaitForALockForever() async throws {
    let other = try database()
    try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN EXCLUSIVE") }
    post(0..<3)
    await close()
    try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    #expect(try storedCount() == 0)
  }

  @Test func aFailedChangeLeavesTheOthers() async throws {
    var writes: [TaskStoreWrite] = [
      .add(.sample(0)), .add(.sample(0)), .update(.completed(at: 0), of: "nobody"), .drop(["nobody"]), .add(.sample(1)),
      .output(.completed(at: 2), of: "task-2"),
    ]
    store.post(&writes)
    #expect(
      try await ask(.records(TaskQuery([:]), keys: [.messageID])).records.map(\.messageID) == [
        "task-0", "task-1", "task-2",
      ])
    _ = try await ask(.drop([TaskQuery(ids: ["task-0"]), TaskQuery.completed]))
    #expect(try await ask(.history).ids == ["task-1"])
    await close()
  }
}

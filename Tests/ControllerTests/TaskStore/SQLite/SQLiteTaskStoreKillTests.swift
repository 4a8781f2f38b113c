import Foundation
import GRDB
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// Repeatedly kills a process that writes to a task database, and checks the database it leaves behind.
@Suite struct SQLiteTaskStoreKillTests {
  let fixture: TaskStoreFixture

  init() throws { fixture = try TaskStoreFixture() }

  @Test func killedWritersLoseNothingTheyFlushed() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<8 {
      let flushed = try writeUntilKilled(afterFlushes: Int.random(in: 1...60, using: &generator))
      try expectConsistency(flushed: flushed)
    }
  }

  /// Runs the writer and kills it after `limit` flushes. Returns the number of records it reported as flushed.
  private func writeUntilKilled(afterFlushes limit: Int) throws -> Int {
    let output = Pipe()
    let writer = Process()
    writer.executableURL = try writerURL()
    writer.arguments = [fixture.directory.path]
    writer.standardOutput = output
    try writer.run()
    var lines: [Substring] = []
    var text = ""
    while lines.count < limit {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { break }
      text += String(decoding: data, as: UTF8.self)
      lines = text.split(separator: "\n").dropLast()
    }
    kill(writer.processIdentifier, SIGKILL)
    writer.waitUntilExit()
    #expect(writer.terminationReason == .uncaughtSignal)
    return try #require(lines.last.flatMap { Int($0) })
  }

  /// Checks that the records are whole, without gaps, and at least as many as were flushed. Only the last may be
  /// unfinished.
  private func expectConsistency(flushed: Int) throws {
    let database = try DatabaseQueue(path: fixture.directory.appendingPathComponent("tasks.db").path)
    #expect(try database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
    try database.close()
    let store = try fixture.store(.sqlite)
    let records = try store.find([:])
    #expect(records.count >= flushed)
    for (index, record) in records.enumerated() {
      #expect(record.messageID == "task-\(index)")
      #expect(record.buffers == [Bytes([UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 300))])
      if record.completed != nil {
        #expect(record.stdout == "done \(index)")
        #expect(record.resultBuffers == [Bytes("result \(index)")])
      } else {
        #expect(index == records.count - 1)
        #expect(record.resultBuffers == nil)
      }
    }
    try store.close()
  }

  /// The writer's executable. It is in the directory of the test program, or of the test bundle on platforms with
  /// bundles.
  private func writerURL() throws -> URL {
    let directories =
      [Bundle.main.bundleURL]
      + Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
      + CommandLine.arguments.prefix(1).map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
    return try #require(
      directories.map { $0.appendingPathComponent("TaskStoreWriter") }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) })
  }
}

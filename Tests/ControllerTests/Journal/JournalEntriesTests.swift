import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// How entries are written, and read again.
@Suite struct JournalEntriesTests {
  private func read(_ bytes: [UInt8]) -> [JournalEntries.Entry] { Array(JournalEntries(bytes)) }

  @Test func whatIsWrittenIsRead() throws {
    let placement = TaskPlacement(engine: "uuid", attempt: 3, retries: 2, lossCount: 1, order: 1 << 40)
    let bytes = try JournalFixture.entries { buffer in
      buffer.accepted(1, try JournalFixture.task("a"))
      buffer.placed(1, placement)
      buffer.placed(2, TaskPlacement(attempt: 1))
      buffer.finished(
        .max, id: "é", isSuccess: false, task: try JournalFixture.task("é"), reply: try JournalFixture.reply("é"))
      buffer.undelivered(4)
      buffer.ended(5)
    }
    let entries = read(bytes)
    #expect(entries.map(\.kind) == [.accepted, .placed, .placed, .finished, .undelivered, .ended])
    #expect(entries.map(\.number) == [1, 1, 2, .max, 4, 5])
    #expect(entries.last?.size == JournalBuffer.headerSize)

    var reader = JournalReader(bytes, entries[0].rest)
    let frames = reader.frames() ?? []
    #expect(frames.map(\.string).first == "identity")
    #expect(frames.last?.string == "data")
    reader = JournalReader(bytes, entries[1].rest)
    let first = TaskPlacement(&reader)
    #expect(first == placement)
    reader = JournalReader(bytes, entries[2].rest)
    let second = TaskPlacement(&reader)
    #expect(second == TaskPlacement(engine: nil, attempt: 1))

    let result = try #require(JournaledResult(entries[3], in: bytes))
    #expect(result.id == "é" && !result.isSuccess && result.number == .max)
    #expect(result.request.metadata.string == #"{"label":"x"}"#)
    #expect(result.reply.first == MessageLayout.delimiterBytes)
    #expect(result.record.resultBuffers?.map(\.string) == ["result"])
    #expect(result.record.completed != nil)
    #expect(String(decoding: JournaledResult.idBytes(entries[3], in: bytes), as: UTF8.self) == "é")
  }

  /// Bytes that were cut off or changed are never read as something else without end, and never trap.
  @Test func damageEndsABatch() throws {
    let bytes = try JournalFixture.accepted(1, 2) + JournalFixture.finished(1)
    let whole = read(bytes)
    for length in 0..<bytes.count {
      var entries = JournalEntries(Array(bytes[..<length]))
      var count = 0
      while entries.next() != nil { count += 1 }
      #expect(count == whole.count { $0.range.upperBound <= length })
      #expect(entries.isAtEnd == (length == 0 || whole.contains { $0.range.upperBound == length }))
    }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var damaged = bytes
      for _ in 0..<4 {
        damaged[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      var recovery = JournalRecovery()
      recovery.note(damaged)
      var ledger = JournalLedger(horizon: 0)
      ledger.note(damaged, as: 1, at: 0)
      ledger.dropOrphans()
      #expect(ledger.problems().isEmpty)
    }
  }

  @Test func whatIsTooLargeLeavesNothing() throws {
    let large = String(repeating: "x", count: 5000)
    var buffer = JournalBuffer(messageLimit: 5000)
    var fits = buffer.accepted(1, try JournalFixture.task("a", buffer: large))
    #expect(!fits && buffer.isEmpty)
    fits = buffer.accepted(2, try JournalFixture.task("b"))
    #expect(fits)
    let (task, reply) = (try JournalFixture.task("b"), try JournalFixture.reply("b", buffer: large))
    fits = buffer.finished(2, id: "b", isSuccess: true, task: task, reply: reply)
    #expect(!fits)
    buffer.ended(2)
    #expect(read(buffer.take()).map(\.kind) == [.accepted, .ended])
  }

  @Test func aMessageLargerThanItsEntryIsRefused() {
    // Four frames of 4 GiB each, in an entry of some bytes.
    let bytes = [UInt8](repeating: 0xFF, count: 64)
    var reader = JournalReader(bytes, bytes.indices)
    var frames = reader.frames()
    #expect(frames == nil)
    reader = JournalReader([1, 0, 0, 0, 9, 0, 0, 0], 0..<8)
    frames = reader.frames()
    let number = reader.number(UInt64.self)
    #expect(frames == nil && number == nil)
  }
}

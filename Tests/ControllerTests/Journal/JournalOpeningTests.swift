import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// A journal in its file: commits, later starts, and damage.
@Suite struct JournalOpeningTests {
  private func open(_ path: String) throws -> Journal.Opened {
    try Journal.open(path: path, logger: JournalFixture.logger)
  }

  /// Posts entries and returns when they are committed.
  private func write(_ path: String, _ batches: [UInt8]..., closes: Bool = true) async throws -> Bool {
    let loop = try EventLoop(name: "journal")
    try loop.start()
    let journal = Journal(try open(path), loop: loop, logger: JournalFixture.logger)
    for (index, batch) in batches.enumerated() { journal.post(batch, epoch: UInt64(index + 1)) }
    await journal.flush()
    let isKept = closes ? await journal.close() : true
    loop.stop()
    await loop.waitUntilStopped()
    return isKept
  }

  @Test func aLaterStartFindsWhatWasCommitted() async throws {
    let path = try JournalFixture.path()
    #expect(try await write(path, try JournalFixture.accepted(1, 2), try JournalFixture.finished(1)))
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let opened = try open(path)
    #expect(opened.recovery.isContinuation)
    #expect(opened.recovery.tasks.map(\.number) == [2])
    #expect(opened.recovery.ended.map(\.id) == ["t1"])
    #expect(opened.ledger.nextNumber == 3)
    try opened.database.close()
  }

  @Test func resultsBeyondTheLimitsAreForgottenAgain() async throws {
    let path = try JournalFixture.path()
    _ = try await write(path, try JournalFixture.accepted(1, 2, 3, 4) + JournalFixture.finished(1, 2, 3))
    let limits = JournalLimits(delivered: .init(count: 1, bytes: 1 << 20, age: 100))
    let opened = try Journal.open(path: path, limits: limits, logger: JournalFixture.logger)
    #expect(opened.ledger.resultCount == 1)
    #expect(opened.ledger.problems() == [])
    try opened.database.close()
  }

  @Test func aJournalWithoutUnfinishedTasksIsRemovedAtTheEnd() async throws {
    let path = try JournalFixture.path()
    #expect(try await !write(path, try JournalFixture.accepted(1), try JournalFixture.finished(1)))
    let folder = (path as NSString).deletingLastPathComponent
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
  }

  @Test func theCoverageOutlivesTheProcess() async throws {
    let path = try JournalFixture.path()
    _ = try await write(path, try JournalFixture.accepted(1))
    let first = try open(path)
    let horizon = first.ledger.horizon
    #expect(horizon > 0)
    try first.database.close()
    let second = try open(path)
    #expect(second.ledger.horizon == horizon)
    try second.database.close()
  }

  @Test func resultsAreFound() async throws {
    let path = try JournalFixture.path()
    let loop = try EventLoop(name: "journal")
    try loop.start()
    let journal = Journal(try open(path), loop: loop, logger: JournalFixture.logger)
    journal.post(try JournalFixture.accepted(1, 2) + JournalFixture.finished(1, 2), epoch: 1)
    let found = await withCheckedContinuation { continuation in
      journal.results(of: ["t2", "unknown"]) { continuation.resume(returning: $0.map(\.id)) }
    }
    #expect(found == ["t2"])
    #expect(try #require(journal.coverage) >= 0)
    _ = await journal.close()
    loop.stop()
    await loop.waitUntilStopped()
  }

  /// The file is moved aside, and its name is free for a new journal.
  @Test func aFileThatIsNoJournalIsMovedAside() throws {
    let path = try JournalFixture.path()
    try Data(repeating: 7, count: 20_000).write(to: URL(fileURLWithPath: path))
    let opened = try open(path)
    #expect(opened.recovery.tasks.isEmpty)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path + ".damaged")).count == 20_000)
    try opened.database.close()
  }

  /// What can be read of a damaged file goes on.
  @Test(arguments: ["horizon", "middle", "last"]) func whatCanBeReadIsSaved(damaged place: String) async throws {
    let path = try JournalFixture.path()
    for number in 1...40 as ClosedRange<UInt64> {
      _ = try await write(path, try JournalFixture.accepted(number, buffer: String(repeating: "x", count: 20_000)))
    }
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(data.count > 40 * 20_000)
    // The leaves of the tables, which their first byte tells. Other pages hold nothing but bytes of rows.
    let page = 16384
    let leaves = stride(from: page, to: data.count, by: page).filter { data[$0] == 13 }
    let number = ["horizon": 0, "middle": leaves.count / 2][place] ?? leaves.count - 1
    let leaf = try #require(leaves.dropFirst(number).first)
    data.replaceSubrange(leaf..<(leaf + page), with: [UInt8](repeating: 0xFF, count: page))
    try data.write(to: URL(fileURLWithPath: path))
    let opened = try open(path)
    let numbers = opened.recovery.tasks.map(\.number)
    #expect(numbers.count > 30 && (numbers.count < 40) == (place != "horizon"))
    #expect(opened.recovery.damaged > 0)
    #expect(opened.ledger.openCount == numbers.count)
    try opened.database.close()
  }

  @Test func aPlaceWhereNoFileCanBeIsAnError() throws {
    let path = try JournalFixture.path() + "/there/is/no/folder.db"
    let error = #expect(throws: ControllerError.self) { try open(path) }
    #expect(error?.code == .journal)
    #expect(error?.description.contains(path) == true)
  }

  /// After a backlog the file shrinks.
  @Test func theFileIsBoundedByWhatIsNeeded() async throws {
    let path = try JournalFixture.path()
    let loop = try EventLoop(name: "journal")
    try loop.start()
    let limits = JournalLimits(delivered: .init(count: 10, bytes: 1 << 20, age: 100))
    let journal = Journal(
      try Journal.open(path: path, limits: limits, logger: JournalFixture.logger), loop: loop,
      logger: JournalFixture.logger)
    let large = String(repeating: "x", count: 1 << 20)
    for number in 1...100 as ClosedRange<UInt64> {
      journal.post(try JournalFixture.accepted(number, buffer: large), epoch: number)
    }
    await journal.flush()
    func size() throws -> Int {
      try [path, path + "-journal"].reduce(0) { sum, path in
        sum + ((try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0)
      }
    }
    #expect(try size() > 100 << 20)
    for number in 1...100 as ClosedRange<UInt64> {
      journal.post(try JournalFixture.finished(number), epoch: 100 + number)
      await journal.flush()
    }
    #expect(try size() < 40 << 20)
    _ = await journal.close()
    loop.stop()
    await loop.waitUntilStopped()
  }
}

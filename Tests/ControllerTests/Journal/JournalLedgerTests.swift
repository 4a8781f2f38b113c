import Testing

@testable import MartletController

/// Which batches are needed, and what reading them again yields.
@Suite struct JournalLedgerTests {
  private var ledger = JournalLedger(horizon: 0)
  /// The batches that were committed and not deleted.
  private var file: [JournalLedger.BatchID: [UInt8]] = [:]
  private var time = 0.0

  /// Commits entries as a journal does.
  private mutating func commit(_ entries: [UInt8]...) {
    time += 1
    for batch in entries {
      let changes = ledger.add([batch], at: time) { file[$0] }
      for row in changes.added { file[row.id] = row.entries }
      for id in changes.removed { file[id] = nil }
    }
    #expect(ledger.problems().isEmpty)
    #expect(Set(file.keys).allSatisfy { ledger.contains($0) })
  }

  /// What a controller that starts now reads.
  private func recovered() -> (JournalRecovery, JournalLedger) {
    var recovery = JournalRecovery()
    var again = JournalLedger(horizon: 0)
    for (id, bytes) in file.sorted(by: { $0.key < $1.key }) {
      recovery.note(bytes)
      again.note(bytes, as: id, at: time)
    }
    recovery.finish()
    again.dropOrphans()
    #expect(again.problems().isEmpty)
    #expect(again.openCount == ledger.openCount)
    #expect(again.nextNumber <= ledger.nextNumber)
    return (recovery, again)
  }

  /// Their bytes are bounded, however many a journal keeps; the ids and signatures of all are needed.
  @Test func theLatestResultsAreRead() throws {
    var all = JournalRecovery()
    all.note(try JournalFixture.finished(1, 2, 3))
    let size = try #require(all.results.first).byteCount
    #expect(size > 0 && all.results.count == 3)
    var some = JournalRecovery(resultLimit: 2 * size)
    some.note(try JournalFixture.finished(1, 2))
    some.note(try JournalFixture.finished(3))
    #expect(some.results.map(\.id) == ["t2", "t3"])
    #expect(some.ended.map(\.id) == ["t1", "t2", "t3"])
  }

  /// Limits under which whatever is sparse is written again.
  private var tight: JournalLimits {
    var limits = JournalLimits()
    limits.slack = 0
    limits.delivered.count = 1
    return limits
  }

  /// The journal writes again what was needed until now, in the same transaction in which a task ends.
  @Test mutating func whatIsWrittenAgainDoesNotUndoWhatIsNew() throws {
    ledger = JournalLedger(limits: tight, horizon: 0)
    commit(try JournalFixture.accepted(1, 2, 3, 4, buffer: String(repeating: "x", count: 1000)))
    commit(JournalFixture.entries { for number in UInt64(2)...4 { $0.ended(number) } })
    commit(JournalFixture.entries { $0.ended(1) })
    #expect(recovered().0.tasks.map(\.number) == [])
    #expect(file.isEmpty)

    commit(try JournalFixture.accepted(5, 6, 7, 8, buffer: String(repeating: "x", count: 1000)))
    commit(JournalFixture.entries { $0.placed(5, TaskPlacement(engine: "e", attempt: 1, order: 1)) })
    commit(JournalFixture.entries { for number in UInt64(6)...8 { $0.ended(number) } })
    let placement = TaskPlacement(engine: "f", attempt: 2, order: 2)
    commit(JournalFixture.entries { $0.placed(5, placement) })
    #expect(recovered().0.tasks.map(\.placement) == [placement])
  }

  /// Short tasks are accepted and end in the same commit. Nothing but the batch itself would need their ends.
  @Test(arguments: [true, false])
  mutating func aTaskThatEndsInTheBatchThatAcceptedItIsForgotten(hasResult: Bool) throws {
    var limits = JournalLimits()
    limits.delivered.age = 10
    ledger = JournalLedger(limits: limits, horizon: 0)
    let end = hasResult ? try JournalFixture.finished(1) : JournalFixture.entries { $0.ended(1) }
    commit(try JournalFixture.accepted(1) + end)
    time += 20
    commit(try JournalFixture.accepted(2))
    commit(JournalFixture.entries { $0.ended(2) })
    #expect(file.isEmpty)
    #expect(ledger.taskCount == 0)
    #expect(ledger.totalBytes == 0)
  }

  /// A result that is written again stays one whose client was not there.
  @Test mutating func anUndeliveredResultIsWrittenAgainWithItsMark() throws {
    ledger = JournalLedger(limits: tight, horizon: 0)
    let large = String(repeating: "x", count: 1000)
    let first = try JournalFixture.accepted(1, 2, 3, buffer: large) + JournalFixture.finished(4, buffer: large)
    commit(first)
    commit(JournalFixture.entries { $0.undelivered(4) })
    commit(JournalFixture.entries { for number in UInt64(1)...3 { $0.ended(number) } })
    let batch = ledger.result(of: "t4")?.batch
    commit(try JournalFixture.accepted(5))
    let later = ledger.result(of: "t4")?.batch
    #expect(later != nil && later != batch)
    var (_, again) = recovered()
    again.expire(at: time + 2 * 3600)
    let kept = again.result(of: "t4")
    #expect(kept != nil)
    again.expire(at: time + 25 * 3600)
    let expired = again.result(of: "t4")
    #expect(expired == nil)
  }

  @Test mutating func unfinishedTasksComeBackInTheirOrder() throws {
    commit(try JournalFixture.accepted(1, 2), try JournalFixture.accepted(3))
    commit(JournalFixture.entries { $0.placed(2, TaskPlacement(engine: "e", attempt: 1)) })
    commit(
      JournalFixture.entries { $0.placed(2, TaskPlacement(engine: "f", attempt: 2)) }, try JournalFixture.finished(1))
    let (recovery, _) = recovered()
    #expect(recovery.tasks.map(\.number) == [2, 3])
    #expect(recovery.tasks.map(\.placement) == [TaskPlacement(engine: "f", attempt: 2), nil])
    #expect(recovery.ended.map(\.id) == ["t1"])
    #expect(recovery.nextNumber == 4)
    #expect(recovery.damaged == 0)
    #expect(ledger.openCount == 2)
    let (ended, open) = (ledger.result(of: "t1"), ledger.result(of: "t2"))
    #expect(ended?.number == 1)
    #expect(open == nil)
  }

  @Test mutating func whatIsNotNeededIsDeleted() throws {
    ledger = JournalLedger(limits: JournalLimits(delivered: .init(count: 1, bytes: 1 << 20, age: 100)), horizon: 0)
    for number in 1...100 as ClosedRange<UInt64> {
      commit(try JournalFixture.accepted(number))
      commit(try JournalFixture.finished(number))
    }
    #expect(file.count == 1)
    #expect(ledger.taskCount == 1)
    #expect(ledger.resultCount == 1)
    // Everything up to the last but one is forgotten.
    #expect(ledger.horizon == 198)
  }

  /// A forgotten task must not come back because an older batch still has it.
  @Test mutating func theDeadStayDead() throws {
    ledger = JournalLedger(limits: JournalLimits(delivered: .init(count: 1, bytes: 1 << 20, age: 100)), horizon: 0)
    // The first batch stays because of task 1.
    commit(try JournalFixture.accepted(1, 2, 3))
    commit(try JournalFixture.finished(2))
    commit(try JournalFixture.finished(3))
    commit(try JournalFixture.accepted(4))
    commit(try JournalFixture.finished(4))
    #expect(recovered().0.tasks.map(\.number) == [1])
    commit(try JournalFixture.finished(1))
    #expect(recovered().0.tasks.isEmpty)
    #expect(ledger.taskCount == 1)
  }

  @Test mutating func limitsHoldForNumberBytesAndAge() throws {
    let size = try JournalFixture.finished(1).count
    let limits = JournalLimits(
      delivered: .init(count: 3, bytes: 1 << 20, age: 1000), undelivered: .init(count: 2, bytes: 1 << 20, age: 1000))
    ledger = JournalLedger(limits: limits, horizon: 0)
    for number in 1...6 as ClosedRange<UInt64> {
      commit(try JournalFixture.accepted(number))
      commit(try JournalFixture.finished(number))
    }
    var kept = (1...6).map { ledger.result(of: "t\($0)") != nil }
    #expect(kept == [false, false, false, true, true, true])
    // What could not be delivered has a limit of its own.
    commit(JournalFixture.entries { $0.undelivered(4) })
    commit(JournalFixture.entries { $0.undelivered(5) })
    commit(JournalFixture.entries { $0.undelivered(6) })
    kept = (4...6).map { ledger.result(of: "t\($0)") != nil }
    #expect(kept == [false, true, true])
    let (recovery, again) = recovered()
    #expect(recovery.ended.map(\.id) == ["t5", "t6"])
    #expect(again.resultCount == 2)

    ledger = JournalLedger(
      limits: JournalLimits(delivered: .init(count: 100, bytes: 2 * size, age: 5)), horizon: 0)
    (file, time) = ([:], 0)
    for number in 1...4 as ClosedRange<UInt64> {
      commit(try JournalFixture.accepted(number), try JournalFixture.finished(number))
    }
    #expect(ledger.resultCount == 2)
    time += 10
    commit(try JournalFixture.accepted(9))
    #expect(ledger.resultCount == 0)
    #expect(ledger.horizon == 4)
  }

  /// A single result is kept even if it is larger than the limit.
  @Test mutating func theLatestResultStays() throws {
    ledger = JournalLedger(limits: JournalLimits(delivered: .init(count: 9, bytes: 1, age: 100)), horizon: 0)
    commit(try JournalFixture.accepted(1), try JournalFixture.finished(1))
    let result = ledger.result(of: "t1")
    #expect(result != nil)
  }

  /// Of several tasks with the same id the latest to end is found, whether somebody has looked for one before or not.
  @Test(arguments: [false, true]) mutating func theLatestResultOfAnIDIsFound(looksBefore: Bool) throws {
    for number in 1...3 as ClosedRange<UInt64> {
      commit(try JournalFixture.accepted(number))
      commit(try JournalFixture.finished(number, id: "same"))
      if looksBefore {
        let result = ledger.result(of: "same")
        #expect(result?.number == number)
      }
    }
    let (found, other) = (ledger.result(of: "same"), ledger.result(of: "t1"))
    #expect(found?.number == 3)
    #expect(other == nil)
  }

  /// A few tasks that wait for long don't keep everything that was accepted with them.
  @Test mutating func sparseBatchesAreWrittenAgain() throws {
    ledger = JournalLedger(
      limits: JournalLimits(delivered: .init(count: 4, bytes: 1 << 20, age: 1e9), slack: 20_000), horizon: 0)
    var waiting: [UInt64] = []
    for step in 0..<400 as Range<UInt64> {
      let first = step * 10 + 1
      commit(
        try JournalFixture.entries { buffer in
          for number in first..<(first + 10) {
            buffer.accepted(number, try JournalFixture.task("t\(number)", buffer: "xxxxx"))
          }
        })
      commit(
        try JournalFixture.entries { buffer in
          for number in first..<(first + 10) where number != first || step % 20 != 0 {
            buffer.finished(
              number, id: "t\(number)", isSuccess: true, task: try JournalFixture.task("t\(number)"),
              reply: try JournalFixture.reply("t\(number)"))
          }
        })
      if step % 20 == 0 { waiting.append(first) }
      #expect(ledger.totalBytes <= 2 * ledger.liveBytes + 20_000 + 12_000)
    }
    #expect(recovered().0.tasks.map(\.number) == waiting)
    #expect(ledger.taskCount < 200)
    // What was written again is still found.
    let found = ledger.result(of: "t4000")
    let last = try #require(found)
    #expect(file[last.batch] != nil)
  }

  /// Random programs against a model.
  @Test(arguments: 0..<40) mutating func randomHistories(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let limits = JournalLimits(
      delivered: .init(count: 5, bytes: 1 << 20, age: 30), undelivered: .init(count: 3, bytes: 1 << 20, age: 60),
      slack: 4000)
    ledger = JournalLedger(limits: limits, horizon: 0)
    var open: [UInt64] = []
    var placements: [UInt64: TaskPlacement] = [:]
    var finished: [UInt64] = []
    var next: UInt64 = 1
    for _ in 0..<150 {
      let batch = try JournalFixture.entries { buffer in
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          switch Int.random(in: 0..<10, using: &generator) {
          case 0..<4:
            buffer.accepted(next, try JournalFixture.task("t\(next)"))
            open.append(next)
            next += 1
          case 4..<6:
            guard let number = open.randomElement(using: &generator) else { continue }
            let placement = TaskPlacement(
              engine: Bool.random(using: &generator) ? "e" : nil, attempt: .random(in: 0..<9, using: &generator))
            buffer.placed(number, placement)
            placements[number] = placement
          case 6..<9:
            guard let index = open.indices.randomElement(using: &generator) else { continue }
            let number = open.remove(at: index)
            buffer.finished(
              number, id: "t\(number)", isSuccess: true, task: try JournalFixture.task("t\(number)"),
              reply: try JournalFixture.reply("t\(number)"))
            finished.append(number)
          default:
            if let number = finished.suffix(3).randomElement(using: &generator) { buffer.undelivered(number) }
          }
        }
      }
      guard !batch.isEmpty else { continue }
      commit(batch)
      let (recovery, _) = recovered()
      #expect(recovery.tasks.map(\.number) == open)
      #expect(recovery.tasks.allSatisfy { $0.placement == placements[$0.number] })
      #expect(ledger.resultCount <= 8)
      #expect(ledger.totalBytes <= 2 * ledger.liveBytes + 4000 + 8000)
    }
  }
}

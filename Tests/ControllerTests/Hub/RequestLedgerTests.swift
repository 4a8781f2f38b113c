import Testing

@testable import MartletController

/// Where the hub believes requests to be.
@Suite struct RequestLedgerTests {
  private var ledger = RequestLedger()
  private var engines = EngineTable()

  init() throws {
    for uuid in ["e0", "e1"] {
      _ = try engines.accept(uuid: uuid, requestedID: nil, deadline: .now)
      _ = engines.finish(uuid: uuid, now: .now)
    }
  }

  private func engine(_ uuid: String) throws -> EngineTable.Engine { try #require(engines.engine(uuid)) }

  @Test mutating func listsKeepTheirOrder() throws {
    for id in ["c", "a", "b"] { ledger.assignLater(id) }
    let settlements = ["a", "a", "x"].map { ledger.settle($0, &engines) }
    #expect(settlements == [.settled(isRecorded: true), .settledBefore(isRecorded: true), .unknown])
    ledger.assignLater("a")
    ledger.assignLater("c")
    #expect(ledger.ids(in: ledger.unassigned) == ["c", "b", "a"])
    #expect(ledger.pendingCount == 3)
  }

  @Test mutating func whatIsUnassignedIsNoEngines() throws {
    for id in ["a", "b"] {
      ledger.assignLater(id)
      _ = ledger.assign(id, to: try engine("e0"), &engines)
    }
    for id in ["a", "a", "unknown"] { ledger.unassign(id, &engines) }
    #expect(ledger.ids(in: ledger.unassigned) == ["a"])
    #expect(engines.work[0].map { ledger.ids(in: $0.tasks) } == ["b"])
    _ = ledger.settle("b", &engines)
    ledger.unassign("b", &engines)
    #expect(ledger.ids(in: ledger.unassigned) == ["a"] && ledger.isCompleted("b") && !ledger.isPending("unknown"))
  }

  @Test mutating func aRequestIsInOneListAtATime() throws {
    ledger.assignLater("m")
    for uuid in ["e0", "e1", "e1"] {
      let isAssigned = ledger.assign("m", to: try engine(uuid), &engines)
      #expect(isAssigned == true)
    }
    #expect(ledger.unassigned.count == 0 && engines.work[0]?.tasks.count == 0)
    #expect(engines.work[1].map { ledger.ids(in: $0.tasks) } == ["m"])
    ledger.enqueue("m", on: try engine("e0"), size: 10, &engines)
    #expect(engines.work[1]?.tasks.count == 0 && engines.work[0]?.queue.count == 1)
    _ = ledger.settle("m", &engines)
    #expect(engines.work[0]?.queue.count == 0 && ledger.queueUsage == .init())
    let isAssigned = ledger.assign("m", to: try engine("e0"), &engines)
    #expect(isAssigned == nil)
  }

  @Test mutating func whatALostEngineHadStillWaits() throws {
    ledger.enqueue("a", on: try engine("e0"), size: 10, &engines)
    ledger.enqueue("b", on: try engine("e0"), size: 10, &engines)
    ledger.assignLater("t")
    _ = ledger.assign("t", to: try engine("e0"), &engines)
    let removed = engines.remove(0)
    let work = try #require(removed).work
    let queue = ledger.release(work)
    #expect(queue == ["a", "b"] && ledger.queueUsage == .init())
    #expect(ledger.pendingCount == 3)
    ledger.enqueue("b", on: try engine("e1"), size: 10, &engines)
    let ended = ["a", "b", "x"].map { ledger.giveUp($0, of: "e0", &engines) }
    #expect(ended == [true, nil, nil])
    #expect(ledger.isCompleted("a") && ledger.isPending("b") && ledger.isPending("t"))
    let isAssigned = ledger.assign("t", to: try engine("e1"), &engines)
    #expect(isAssigned == true)
  }

  @Test mutating func whatEnginesHaveUnansweredIsCounted() throws {
    for (id, uuid, size) in [("a", "e0", 10), ("b", "e1", 5), ("a", "e1", 7)] {
      ledger.enqueue(id, on: try engine(uuid), size: size, &engines)
    }
    #expect(ledger.queueUsage == .init(tasks: 2, bytes: 12))
    _ = ledger.assign("a", to: try engine("e0"), &engines)
    #expect(ledger.queueUsage == .init(tasks: 1, bytes: 5))
    _ = ledger.settle("b", &engines)
    _ = ledger.settle("b", &engines)
    #expect(ledger.queueUsage == .init())
  }

  @Test mutating func answeredRequestsAreForgottenInTime() {
    for index in 0...65_536 {
      ledger.expect("\(index)")
      _ = ledger.settle("\(index)", &engines)
    }
    #expect(ledger.pendingCount == 0)
    #expect(!ledger.isCompleted("0") && ledger.isCompleted("1") && ledger.isCompleted("65536"))
  }

  @Test mutating func allPendingRequestsAreForgotten() throws {
    ledger.enqueue("direct", on: try engine("e0"), size: 10, &engines)
    ledger.enqueue("stranded", on: try engine("e1"), size: 10, &engines)
    for id in ["waiting", "assigned", "done"] { ledger.assignLater(id) }
    _ = ledger.assign("assigned", to: try engine("e0"), &engines)
    _ = ledger.settle("done", &engines)
    ledger.expect("resubmitted")
    let removed = engines.remove(1)
    _ = ledger.release(try #require(removed).work)

    let forgotten = ledger.forgetPending(&engines)
    #expect(forgotten.sorted() == ["assigned", "direct", "resubmitted", "stranded", "waiting"])
    #expect(ledger.queueUsage == .init())
    #expect(ledger.pendingCount == 0 && ledger.isCompleted("done") && !ledger.isPending("direct"))
    #expect(engines.work[0]?.queue.count == 0 && engines.work[0]?.tasks.count == 0 && ledger.unassigned.count == 0)
    let settlement = ledger.settle("assigned", &engines)
    #expect(settlement == .unknown)
    ledger.assignLater("assigned")
    #expect(ledger.ids(in: ledger.unassigned) == ["assigned"])
  }
}

import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// The limit on reports that wait for a lagging hub.
@Suite struct ReportBacklogTests {
  private let event = HubEvent.dispatched(taskID: "t", engine: "e")

  private func message(_ size: Int) throws -> RecordedMessage {
    try HubFixture().recorded("apply_reply", id: "r", buffers: [Bytes([UInt8](repeating: 1, count: size))])
  }

  /// The ids of tasks with replies among the reports, and the number of replies with content.
  private func answers(_ events: some Sequence<HubEvent>) -> (ids: [String], contents: Int) {
    var found: (ids: [String], contents: Int) = ([], 0)
    for event in events {
      switch event {
      case .answered(let id): found.ids.append(id)
      case .replied(let id, _, let message):
        found.ids.append(id)
        found.contents += message == nil ? 0 : 1
      default: break
      }
    }
    return found
  }

  @Test func contentIsDroppedFirst() throws {
    let backlog = ReportBacklog(limit: 16 * ReportBacklog.overhead)
    let message = try message(3 * ReportBacklog.overhead)
    for index in 0..<5 { _ = backlog.add(.replied(taskID: "\(index)", ReplySender(), message)) }
    #expect(backlog.add(.requested(taskID: "x", .task, engine: nil, size: 0, message)) == 3)
    #expect(backlog.add(event) == 4)
    let taken = backlog.take()
    let (ids, contents) = answers(taken)
    #expect(taken.count == 5 && ids == ["0", "1", "2", "3", "4"] && contents == 3)
    #expect(backlog.add(event) == nil, "there is room again")
  }

  /// Any number of reports takes no more memory than the limit plus one message.
  @Test func noReportExceedsTheLimit() throws {
    let limit = 64 * ReportBacklog.overhead
    let backlog = ReportBacklog(limit: limit)
    let message = try message(100)
    for index in 0..<10_000 {
      _ = backlog.add(.requested(taskID: "\(index)", .task, engine: nil, size: 0, message))
      _ = backlog.add(.replied(taskID: "\(index)", ReplySender(), message))
      _ = backlog.add(.answered(taskID: "\(index)"))
      _ = backlog.add(.heartsStarted(["e\(index % 5)"]))
      if index.isMultiple(of: 2) { _ = backlog.add(.heartsStopped(["e\(index % 5)"])) }
    }
    let taken = backlog.take()
    #expect(taken.reduce(0) { $0 + $1.weight } <= limit + 16 * ReportBacklog.overhead)
    guard case .answersMissed? = taken.last else {
      Issue.record("the hub has to learn that it missed answers")
      return
    }
    #expect(taken.filter { if case .answersMissed = $0 { true } else { false } }.count == 1)
    #expect(answers(taken).ids.first == "0")
  }

  @Test func theLastChangeOfEachHeartIsKept() {
    let backlog = ReportBacklog(limit: 0)
    _ = backlog.add(.heartsStarted(["a", "b"]))
    _ = backlog.add(.heartsStopped(["a", "c"]))
    _ = backlog.add(.heartsStarted(["c"]))
    var last: [String: Bool] = [:]
    for event in backlog.take() {
      if case .heartsStarted(let uuids) = event { for uuid in uuids { last[uuid] = true } }
      if case .heartsStopped(let uuids) = event { for uuid in uuids { last[uuid] = false } }
    }
    #expect(last == ["a": false, "b": true, "c": true])
    #expect(backlog.take().isEmpty)
  }

  @Test func reportsKeepTheirOrder() {
    let backlog = ReportBacklog(limit: 1 << 20)
    let ids = (0..<100).map(String.init)
    for id in ids { _ = backlog.add(.answered(taskID: id)) }
    let taken = backlog.take().map { event -> String? in
      guard case .answered(let id) = event else { return nil }
      return id
    }
    #expect(taken == ids)
  }

  @Test func theHubIsWokenOnceUntilItLooks() {
    let backlog = ReportBacklog(limit: 0)
    #expect(!backlog.announce())
    #expect(backlog.add(event) == 1)
    #expect(!backlog.announce(), "it was dropped")
    for report in [HubEvent.heartsStarted(["e"]), .heartsStopped(["e"]), .answered(taskID: "t")] {
      _ = backlog.add(report)
      #expect(backlog.announce())
      #expect(!backlog.announce())
      #expect(!backlog.take().isEmpty)
      #expect(!backlog.announce())
    }
  }

  @Test(arguments: [5, 100_000])
  func messagesWeighWhatTheyHold(size: Int) throws {
    let buffer = Bytes([UInt8](repeating: 1, count: size))
    let message = try HubFixture().recorded("apply_request", id: "m", buffers: [buffer])
    let report = HubEvent.requested(taskID: "m", .task, engine: nil, size: 0, message)
    #expect(report.weight > ReportBacklog.overhead + size && report.weight < ReportBacklog.overhead + size + 1000)
  }

  @Test func aTaskWhoseContentWasDroppedIsDoneAndItsRecordSaysSo() throws {
    var hub = try HubFixture()
    try hub.request("m")
    #expect(hub.state.requests.isPending("m"))
    hub.state.monitor(.answered(taskID: "m"), at: hub.now)
    #expect(!hub.state.requests.isPending("m") && hub.state.requests.isCompleted("m"))
    let reply = try hub.ask("result_request", ["msg_ids": ["m"]]).reply
    #expect(reply?["completed"] == ["m"] && reply?["m"]?["result_content"]?["ename"] == "RuntimeError")
    #expect(try hub.store.record("m")?.completed == hub.now.date)
  }

  @Test func requestsWhoseAnswersMayBeMissedAreForgotten() throws {
    var hub = try HubFixture()
    try hub.register("e0")
    for id in ["done", "direct", "task", "unassigned"] { try hub.request(id, to: id == "direct" ? "e0" : nil) }
    hub.dispatch("task", to: "e0")
    try hub.answer("done", from: "e0")
    hub.state.monitor(.answersMissed, at: hub.now)
    #expect(hub.drain().map(\.kind) == ["log"])
    #expect(hub.state.requests.pendingCount == 0)
    #expect(try hub.store.history() == ["done"])
    #expect(try hub.ask("queue_request").reply?["0"] == ["queue": 0, "completed": 1, "tasks": 0])
    for id in ["direct", "task", "unassigned"] {
      #expect(try hub.ask("result_request", ["msg_ids": .string(id)]).reply?.ename == "KeyError")
    }
    try hub.answer("task", from: "e0")
    #expect(try hub.store.count == 1)
  }
}

extension ReportBacklog {
  fileprivate func take() -> [HubEvent] {
    var events: [HubEvent] = []
    take(into: &events)
    return events
  }
}

import MartletZeroMQ
import Testing

@testable import MartletController

/// The bound on what a hub that lags has yet to look at.
@Suite struct ReportBacklogTests {
  private let event = HubEvent.dispatched(taskID: "t", engine: "e")

  @Test func reportsBeyondTheLimitAreDroppedAndCounted() {
    let backlog = ReportBacklog(limit: 2 * ReportBacklog.overhead)
    #expect(backlog.add(event) == nil)
    #expect(backlog.add(event) == nil)
    #expect(backlog.add(event) == 1)
    #expect(backlog.add(.answered(taskID: "t")) == 2)
    #expect(backlog.take().count == 3)
    #expect(backlog.take().isEmpty)
    #expect(backlog.add(event) == nil)
    #expect(backlog.add(event) == nil)
    #expect(backlog.take().count == 2)
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
    #expect(backlog.add(.heartsStarted(["e"])) == 2)
    #expect(backlog.announce())
    #expect(!backlog.announce())
    _ = backlog.take()
    #expect(!backlog.announce())
    #expect(backlog.add(.heartsStopped(["e"])) == 3)
    #expect(backlog.announce())
  }

  @Test func heartsAndTheEndOfTasksReachTheHubInAnyCase() throws {
    let message = try HubFixture().recorded("apply_reply", id: "r")
    let events: [HubEvent] = [
      event, .requested(taskID: "m", .task, engine: nil, message),
      .published(type: "stream", session: "e", message), .heartsStarted(["e"]), .heartsStopped(["e"]),
      .replied(taskID: "m", ReplySender(), message),
    ]
    let kept = events.compactMap(\.indispensable)
    #expect(kept.count == 3)
    guard case .answered("m") = kept[2] else {
      Issue.record("a reply is kept as the end of its task")
      return
    }
  }

  @Test(arguments: [5, 100_000])
  func messagesWeighWhatTheyHold(size: Int) throws {
    let buffer = Bytes([UInt8](repeating: 1, count: size))
    let message = try HubFixture().recorded("apply_request", id: "m", buffers: [buffer])
    let report = HubEvent.requested(taskID: "m", .task, engine: nil, message)
    #expect(report.weight > ReportBacklog.overhead + size && report.weight < ReportBacklog.overhead + size + 1000)
  }

  @Test func aTaskWhoseReplyWasMissedIsDone() throws {
    var fixture = try HubFixture()
    try fixture.request("m")
    #expect(fixture.state.requests.isPending("m"))
    fixture.state.monitor(.answered(taskID: "m"), now: .now)
    #expect(!fixture.state.requests.isPending("m"))
    #expect(fixture.state.requests.isCompleted("m"))
  }
}

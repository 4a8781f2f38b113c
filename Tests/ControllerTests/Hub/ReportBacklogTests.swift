import Testing

@testable import Controller

/// The bound on what a hub that lags has yet to look at.
@Suite struct ReportBacklogTests {
  private let event = HubEvent.dispatched(taskID: "t", engine: "e")

  @Test func reportsBeyondTheLimitAreDroppedAndCounted() {
    let smallest = ReportBacklog.smallest
    let backlog = ReportBacklog(limit: 2 * smallest)
    #expect(backlog.admit([event, event]) == .admitted(2 * smallest))
    #expect(backlog.admit([event]) == .dropped(total: 1))
    #expect(backlog.admit([event, event]) == .dropped(total: 3))
    backlog.release(2 * smallest)
    #expect(backlog.admit([event]) == .admitted(smallest))
  }

  @Test func heartsAndTheEndOfTasksReachTheHubInAnyCase() throws {
    let message = try HubFixture().monitored(.task, "apply_reply", id: "r")
    let events: [HubEvent] = [
      event, .requested(message, engine: nil), .published(message), .heartsStarted(["e"]), .heartsStopped(["e"]),
      .replied(message, parentID: "m"),
    ]
    let kept = events.compactMap(\.indispensable)
    #expect(kept.count == 3)
    guard case .answered("m") = kept[2] else {
      Issue.record("a reply is kept as the end of its task")
      return
    }
  }

  @Test func largeMessagesWeighWhatTheyHold() throws {
    let backlog = ReportBacklog(limit: 1)
    let message = try HubFixture().monitored(.task, "apply_request", id: "m")
    #expect(backlog.admit([.requested(message, engine: nil)]) == .admitted(ReportBacklog.smallest))
  }

  @Test func aTaskWhoseReplyWasMissedIsDone() throws {
    var fixture = try HubFixture()
    fixture.state.monitor(.requested(try fixture.monitored(.task, "apply_request", id: "m"), engine: nil), now: .now)
    #expect(fixture.state.pending["m"] != nil)
    fixture.state.monitor(.answered(taskID: "m"), now: .now)
    #expect(fixture.state.pending["m"] == nil)
    #expect(fixture.state.completed.contains("m"))
  }
}

import Testing
import ZeroMQ

@testable import Controller

/// The bound on what a hub that lags has yet to look at.
@Suite struct ReportBacklogTests {
  private let event = HubEvent.dispatched(taskID: "t", engine: "e")

  @Test func reportsBeyondTheLimitAreDroppedAndCounted() {
    let overhead = ReportBacklog.overhead
    let backlog = ReportBacklog(limit: 2 * overhead)
    #expect(backlog.admit([event, event]) == .admitted(2 * overhead))
    #expect(backlog.admit([event]) == .dropped(total: 1))
    #expect(backlog.admit([event, event]) == .dropped(total: 3))
    backlog.release(2 * overhead)
    #expect(backlog.admit([event]) == .admitted(overhead))
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
    guard
      case .admitted(let weight) = ReportBacklog(limit: 1).admit([.requested(taskID: "m", .task, engine: nil, message)])
    else {
      Issue.record("the first report is admitted")
      return
    }
    #expect(weight > ReportBacklog.overhead + size && weight < ReportBacklog.overhead + size + 1000)
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

import Testing

@testable import Controller

/// The bound on what a hub that lags has yet to look at.
@Suite struct ReportBacklogTests {
  private let event = HubEvent.dispatched(taskID: "t", engine: "e")

  @Test func reportsBeyondTheLimitAreDroppedAndCounted() {
    let backlog = ReportBacklog(limit: 2048)
    #expect(backlog.admit([event, event]) == .admitted(2048))
    #expect(backlog.admit([event]) == .dropped(total: 1))
    #expect(backlog.admit([event, event]) == .dropped(total: 3))
    backlog.release(2048)
    #expect(backlog.admit([event]) == .admitted(1024))
  }

  @Test func heartsAlwaysFindRoom() {
    let backlog = ReportBacklog(limit: 0)
    #expect(backlog.admit([event]) == .dropped(total: 1))
    #expect(backlog.admit([.heartsStarted(["e"])]) == .admitted(1024))
    #expect(backlog.admit([.heartsStopped(["e"])]) == .admitted(1024))
  }

  @Test func messagesWeighWhatTheyHold() throws {
    let backlog = ReportBacklog(limit: 1)
    let message = try HubFixture().monitored(.task, "apply_request", id: "m")
    #expect(backlog.admit([.requested(message, engine: nil)]) == .admitted(1024 + message.frames.totalSize))
  }
}

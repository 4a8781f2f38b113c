import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// The replies the controller makes in place of an engine.
@Suite struct SchedulerReplyTests {
  @Test(
    arguments: zip(
      [
        TaskFailureReason.invalidDependency, .impossibleDependency, .unmetDemand("no"), .taskTimeout,
        .demandTimeout("no"), .deadlinePassed,
      ],
      [
        "InvalidDependency", "ImpossibleDependency", "ImpossibleDependency", "TaskTimeout", "TaskTimeout",
        "TaskTimeout",
      ]))
  func failuresNameTheirException(_ reason: TaskFailureReason, _ ename: String) {
    let parts = SchedulerReply.failure(reason, taskID: "m")
    #expect(parts.content["status"] == "error")
    #expect(parts.content["ename"]?.stringValue == ename)
    #expect(parts.content["evalue"]?.stringValue?.contains("m") == true)
    #expect(parts.content["traceback"]?.arrayValue?.count == 1)
  }

  @Test func whatIsLackingIsSaid() {
    let lack = "it requires gpu 5, which no engine offers"
    #expect(
      SchedulerReply.failure(.unmetDemand(lack), taskID: "m").content["evalue"]?.stringValue
        == "task m can't run: \(lack)")
    #expect(
      SchedulerReply.failure(.demandTimeout(lack), taskID: "m").content["evalue"]?.stringValue
        == "task m waited longer than its timeout for an engine: \(lack)")
  }

  @Test func aDeathNamesTheEngine() {
    let loss = EngineLoss(
      engine: EngineIdentity("e0"), id: 3, reason: "its heart stopped beating", duration: .milliseconds(2340), count: 3,
      isAtLimit: true)
    let parts = SchedulerReply.failure(.engineLost(loss), taskID: "m")
    #expect(parts.content["ename"] == "EngineError")
    #expect(
      parts.content["evalue"]?.stringValue
        == "Engine 3 died while running task 'm', which it began 2.3 s before at the earliest: its heart stopped beating; "
        + "3 engines died while they ran it, so it is not tried again (TaskScheduler.crash_limit) (the engine's uuid is e0)"
    )
    #expect(parts.metadata["engine"] == "e0")
    #expect(parts.metadata["status"] == "error")
  }

  @Test func anAbortedTaskIsNoError() {
    let parts = SchedulerReply.failure(.aborted, taskID: "m")
    #expect(parts.content == ["status": "aborted"])
    #expect(parts.metadata["status"] == "aborted")
  }

  @Test(
    arguments: zip(
      ["apply_request", "execute_request", "odd"], ["apply_reply", "execute_reply", "apply_reply"]))
  func theReplysTypeFollowsTheRequests(_ type: String, _ expected: String) throws {
    var hub = try HubFixture()
    let request = try hub.message(type, id: "m")
    var message = Multipart()
    message.append(Bytes("client"))
    SchedulerReply.append(
      SchedulerReply.failure(.aborted, taskID: "m"), to: &message, request: request, session: &hub.session)
    let layout = try MessageLayout(of: message)
    let header = try MessageHeader(scanning: message.bytes(at: layout.header))
    #expect(header.messageType == expected)
    #expect(try MessageHeader.messageID(scanning: message.bytes(at: layout.parentHeader)) == "m")
  }
}

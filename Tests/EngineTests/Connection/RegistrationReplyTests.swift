import MartletWire
import Testing

@testable import MartletEngine

@Suite struct RegistrationReplyTests {
  @Test func aControllerWithAJournalMayAskForReplies() throws {
    var content: JSONValue = ["status": "ok", "id": 4, "hb_period": 3000]
    let plain = try RegistrationReply(content: content)
    #expect(!plain.hasJournal && plain.tasks.isEmpty)
    content = ["status": "ok", "id": 4, "hb_period": 3000, "journal": true, "tasks": ["a", 3, "b"]]
    let reply = try RegistrationReply(content: content)
    #expect(reply.hasJournal && reply.tasks == ["a", "b"])
  }

  @Test func accepted() throws {
    let reply = try RegistrationReply(content: ["status": "ok", "id": 4, "hb_period": 3000])
    #expect(reply.id == 4)
    #expect(reply.heartbeatPeriod == .seconds(3))
    #expect(reply.returnAfter == nil)
    #expect(!reply.takesBack)
  }

  @Test(arguments: [(JSONValue.int(10), 10), (.int(0), nil), (.int(-5), nil), (.int(1 << 40), nil), ("10", nil)])
  func whenTasksAreReturned(value: JSONValue, milliseconds: Int?) throws {
    let content: JSONValue = ["status": "ok", "id": 4, "hb_period": 3000, "return_after": value]
    #expect(try RegistrationReply(content: content).returnAfter == milliseconds.map { .milliseconds($0) })
  }

  @Test func refusedWithTheHubsReason() throws {
    let error = try #require(throws: EngineRunError.self) {
      try RegistrationReply(content: ["status": "error", "ename": "KeyError", "evalue": "uuid in use"])
    }
    #expect(error.code == .registrationRefused)
    #expect(error.message.contains("uuid in use"))
  }

  @Test(arguments: [
    JSONValue.null, ["status": "ok"], ["status": "ok", "id": -1, "hb_period": 1],
    ["status": "ok", "id": 1, "hb_period": 0],
  ])
  func malformed(content: JSONValue) {
    #expect(throws: EngineRunError.self) { try RegistrationReply(content: content) }
  }
}

import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

@Suite(.timeLimit(.minutes(1))) struct EngineRequestTests {
  private let functions = engineTestFunctions

  @Test(arguments: [FakeController.Channel.mux, .task, .broadcast1])
  func appliesOnEveryChannel(channel: FakeController.Channel) async throws {
    try await withEngine(id: 3, functions: functions) { controller in
      let id = try await controller.send(
        channel, MessageType.applyRequest, metadata: ["label": "mine"],
        buffers: ApplyCall.pack(function: "add", args: [2, 3]))
      let reply = try await controller.receive(channel)
      #expect(reply.identities.map(\.string) == ["engine-uuid", "client"])
      #expect(reply.header.messageType == "apply_reply")
      #expect(try reply.parentID() == id)
      #expect(try value(reply) == .int(5))
      #expect(try reply.metadata()["label"] == "mine")
    }
  }

  @Test func asyncFunctionsAndTheContext() async throws {
    try await withEngine(id: 4, functions: functions) { controller in
      try await controller.send(
        .mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: "later", args: [9]))
      #expect(try value(try await controller.receive(.mux)) == .int(9))
      try await controller.send(.mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: "where"))
      #expect(try value(try await controller.receive(.mux)) == "engine-uuid")
      try await controller.send(
        .mux, MessageType.applyRequest,
        buffers: ApplyCall.pack(function: BuiltinFunction.pull.rawValue, args: ["seen"]))
      #expect(try value(try await controller.receive(.mux)) == .int(4))
      try await controller.send(
        .mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: "forget", args: ["seen"]))
      #expect(try value(try await controller.receive(.mux)) == .bool(true))
      try await controller.send(.mux, MessageType.executeRequest, content: ["code": "seen", "silent": true])
      #expect(try await controller.receive(.mux).content()["ename"] == "NameError")
    }
  }

  /// The failure of executed code aborts what was sent before its reply, and nothing else.
  @Test func whatIsSentAfterTheReplyToAFailureRuns() async throws {
    try await withEngine(functions: functions) { controller in
      for _ in 0..<300 {
        try await controller.send(.mux, MessageType.executeRequest, content: ["code": "missing"])
        #expect(try await controller.receive(.mux).content()["ename"] == "NameError")
        try await controller.send(
          .mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: "add", args: [2, 3]))
        try #require(try value(try await controller.receive(.mux)) == .int(5))
      }
    }
  }

  @Test func statusEnclosesARequestAndErrorsArePublished() async throws {
    try await withEngine(functions: functions) { controller in
      try await controller.waitForIOPub()
      let id = try await controller.send(
        .mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: "fail", args: ["boo"]))
      let reply = try await controller.receive(.mux)
      let content = try reply.content()
      #expect(content["status"] == "error")
      #expect(content["ename"] == "Failure")
      #expect(content["evalue"] == "boo")
      let published = try await controller.publications(about: id)
      #expect(published.map(\.topic) == ["engine.0.status", "engine.0.error", "engine.0.status"])
      #expect(published[1].content["evalue"] == "boo")
    }
  }

  @Test func withoutStatusTheReplyCountsTheOutput() async throws {
    try await withEngine(functions: functions) { controller in
      try await controller.waitForIOPub()
      for (code, outputs) in [("a = 1", 1), ("", 1), ("a", 2), ("nothing", 2)] {
        let id = try await controller.send(
          .mux, MessageType.executeRequest, content: ["code": .string(code), "silent": false],
          metadata: ["no_status": true])
        #expect(try await controller.receive(.mux).metadata()["outputs"]?.intValue == outputs)
        for _ in 0..<outputs {
          let (_, publication) = try await controller.publication()
          #expect(try publication.parentID() == id)
          #expect(publication.header.messageType != MessageType.status)
        }
      }
      try await controller.send(
        .mux, MessageType.applyRequest, metadata: ["no_status": true],
        buffers: ApplyCall.pack(function: "add", args: [1, 1]))
      #expect(try await controller.receive(.mux).metadata()["outputs"] == 0)
      let id = try await controller.send(.mux, MessageType.executeRequest, content: ["code": "", "silent": true])
      #expect(try await controller.receive(.mux).metadata()["outputs"] == nil)
      #expect(try await controller.publication().1.parentID() == id)
    }
  }

  @Test func executesNames() async throws {
    try await withEngine { controller in
      try await controller.waitForIOPub()
      let id = try await controller.send(
        .mux, MessageType.executeRequest, content: ["code": "a = [1, 'x']\na", "silent": false])
      let reply = try await controller.receive(.mux)
      #expect(
        try reply.content() == ["status": "ok", "execution_count": 1, "payload": [], "user_expressions": [:]])
      let published = try await controller.publications(about: id)
      #expect(
        published.map(\.topic) == [
          "engine.0.status", "engine.0.execute_input", "engine.0.execute_result", "engine.0.status",
        ])
      #expect(published[2].content["data"] == ["text/plain": "[1, 'x']"])
    }
  }
}

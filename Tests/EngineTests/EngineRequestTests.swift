import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

@Suite(.timeLimit(.minutes(1))) struct EngineRequestTests {
  private struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private let functions: [any RemoteCallable] = [
    RemoteFunction("add") { (a: Int, b: Int) in a + b },
    RemoteFunction("later") { (value: Int) async -> Int in
      await Task.yield()
      return value
    },
    RemoteFunction("fail") { (text: String) throws -> Int in throw Failure(description: text) },
    RemoteFunction("forget") { (name: String) throws -> Bool in
      let context = try #require(EngineContext.current)
      context.removeValue(named: name)
      return try context.value(named: name, as: Int.self) == nil
    },
    RemoteFunction("where") { () throws -> String in
      let context = try #require(EngineContext.current)
      try context.set("seen", to: context.engineID)
      return context.engineUUID
    },
  ]

  private func value(_ reply: Message) throws -> PickleValue {
    #expect(try reply.content() == ["status": "ok"])
    return try ResultBuffers.deserialize(reply.buffers).value
  }

  @Test(arguments: [FakeController.Channel.mux, .task, .broadcast1])
  func appliesOnEveryChannel(channel: FakeController.Channel) async throws {
    try await withEngine(id: 3, functions: functions) { controller in
      let id = try await controller.send(
        channel, MessageType.applyRequest, metadata: ["label": "mine"],
        buffers: ApplyMessage.pack(function: "add", args: [2, 3]))
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
        .mux, MessageType.applyRequest, buffers: ApplyMessage.pack(function: "later", args: [9]))
      #expect(try value(try await controller.receive(.mux)) == .int(9))
      try await controller.send(.mux, MessageType.applyRequest, buffers: ApplyMessage.pack(function: "where"))
      #expect(try value(try await controller.receive(.mux)) == "engine-uuid")
      try await controller.send(
        .mux, MessageType.applyRequest,
        buffers: ApplyMessage.pack(function: BuiltinFunction.pull.rawValue, args: ["seen"]))
      #expect(try value(try await controller.receive(.mux)) == .int(4))
      try await controller.send(
        .mux, MessageType.applyRequest, buffers: ApplyMessage.pack(function: "forget", args: ["seen"]))
      #expect(try value(try await controller.receive(.mux)) == .bool(true))
      try await controller.send(.mux, MessageType.executeRequest, content: ["code": "seen", "silent": true])
      #expect(try await controller.receive(.mux).content()["ename"] == "NameError")
    }
  }

  @Test func statusEnclosesARequestAndErrorsArePublished() async throws {
    try await withEngine(functions: functions) { controller in
      try await controller.waitForIOPub()
      let id = try await controller.send(
        .mux, MessageType.applyRequest, buffers: ApplyMessage.pack(function: "fail", args: ["boo"]))
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
        buffers: ApplyMessage.pack(function: "add", args: [1, 1]))
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

  @Test func abortsAQueuedTaskWhileAnotherRuns() async throws {
    let (gate, opener) = AsyncStream<Int>.makeStream()
    let wait = RemoteFunction("wait") { () async -> Int in
      for await value in gate { return value }
      return 0
    }
    try await withEngine(functions: functions + [wait]) { controller in
      let call = ApplyMessage.pack(function: "add", args: [1, 1])
      let running = try await controller.send(
        .mux, MessageType.applyRequest, buffers: ApplyMessage.pack(function: "wait"))
      let queued = try await controller.send(.mux, MessageType.applyRequest, buffers: call)
      let kept = try await controller.send(.mux, MessageType.applyRequest, buffers: call)
      // If control overtakes mux, the request is answered when it arrives.
      try await controller.send(.control, MessageType.abortRequest, content: ["msg_ids": [.string(queued)]])
      #expect(try await controller.receive(.control).content() == ["status": "ok"])
      let aborted = try await controller.receive(.mux)
      #expect(try aborted.parentID() == queued)
      #expect(try aborted.content() == ["status": "aborted"])
      #expect(try aborted.metadata()["status"] == "aborted")
      opener.yield(1)
      #expect(try await controller.receive(.mux).parentID() == running)
      let last = try await controller.receive(.mux)
      #expect(try last.parentID() == kept)
      #expect(try value(last) == .int(2))
    }
  }

  /// A blocked worker receives nothing itself.
  @Test func abortsAQueuedTaskWhileAnotherBlocksTheThread() async throws {
    let pipe = Pipe()
    let block = RemoteFunction("block") { () -> Int in pipe.fileHandleForReading.readData(ofLength: 1).count }
    try await withEngine(functions: functions + [block]) { controller in
      let call = ApplyMessage.pack(function: "add", args: [1, 1])
      let running = try await controller.send(
        .mux, MessageType.applyRequest, buffers: ApplyMessage.pack(function: "block"))
      let queued = try await controller.send(.mux, MessageType.applyRequest, buffers: call)
      try await controller.send(.control, MessageType.abortRequest, content: ["msg_ids": [.string(queued)]])
      #expect(try await controller.receive(.control).content() == ["status": "ok"])
      let aborted = try await controller.receive(.mux)
      #expect(try aborted.parentID() == queued)
      #expect(try aborted.content() == ["status": "aborted"])
      pipe.fileHandleForWriting.write(Data([1]))
      let last = try await controller.receive(.mux)
      #expect(try last.parentID() == running)
      #expect(try value(last) == .int(1))
    }
  }

  @Test func returnsTasksBehindOneThatBlocksTheThread() async throws {
    let pipe = Pipe()
    let started = AsyncStream.makeStream(of: Void.self)
    let block = RemoteFunction("block") { () -> Int in
      started.continuation.yield()
      return pipe.fileHandleForReading.readData(ofLength: 1).count
    }
    try await withEngine(functions: functions + [block], returnAfter: 1) { controller in
      let call = ApplyMessage.pack(function: "add", args: [1, 1])
      try await controller.send(.task, MessageType.applyRequest, buffers: ApplyMessage.pack(function: "block"))
      // Messages on another channel may overtake it.
      for await _ in started.stream { break }
      let direct = try await controller.send(.mux, MessageType.applyRequest, buffers: call)
      // Each is returned, however they are spread over the engine's checks.
      for _ in 0..<3 {
        let id = try await controller.send(
          .task, MessageType.applyRequest, metadata: ["no_status": true], buffers: call)
        let returned = try await controller.receive(.task)
        #expect(returned.identities.map(\.string) == ["engine-uuid", "client"])
        #expect(try returned.parentID() == id)
        #expect(try returned.metadata()["status"] == "returned")
      }
      pipe.fileHandleForWriting.write(Data([1]))
      #expect(try value(try await controller.receive(.task)) == .int(1))
      let last = try await controller.receive(.mux)
      #expect(try last.parentID() == direct)
      #expect(try value(last) == .int(2))
    }
  }

  @Test func clearWaitsForTheRunningTaskOnly() async throws {
    try await withEngine { controller in
      try await controller.send(.mux, MessageType.executeRequest, content: ["code": "a = 1", "silent": true])
      _ = try await controller.receive(.mux)
      try await controller.send(.control, MessageType.clearRequest)
      let reply = try await controller.receive(.control)
      #expect(reply.header.messageType == "clear_reply")
      try await controller.send(.mux, MessageType.executeRequest, content: ["code": "a", "silent": true])
      #expect(try await controller.receive(.mux).content()["ename"] == "NameError")
    }
  }

  @Test func unknownAndMalformedMessagesDoNoHarm() async throws {
    try await withEngine(functions: functions) { controller in
      try await controller.send(.control, "interrupt_request")
      let reply = try await controller.receive(.control)
      #expect(reply.header.messageType == "interrupt_reply")
      #expect(try reply.content()["status"] == "error")
      try await controller.send(.mux, "comm_msg")
      try await controller.sendGarbage(.mux, [])
      try await controller.sendGarbage(
        .mux, [Bytes("<IDS|MSG>"), Bytes("forged"), Bytes("{}"), Bytes("{}"), Bytes(), Bytes()])
      try await controller.sendGarbage(.control, [Bytes("x"), Bytes("y")])
      try await controller.send(.control, MessageType.abortRequest, content: ["msg_ids": 5])
      try await controller.send(.mux, MessageType.applyRequest, buffers: [Bytes("no pickle")])
      #expect(try await controller.receive(.mux).content()["ename"] == "PickleError")
      try await controller.send(.control, MessageType.kernelInfoRequest)
      #expect(try await controller.receive(.control).content()["implementation"] == "martlet")
    }
  }

  @Test func outputBelongsToItsTaskAndComesBeforeTheEnd() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("output-\(UUID().uuidString)").path
    try #require(FileManager.default.createFile(atPath: path, contents: nil))
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let descriptor = file.fileDescriptor
    let say = RemoteFunction("say") { (text: String) -> Bool in
      FileHandle(fileDescriptor: descriptor).write(Data(text.utf8))
      return true
    }
    let captured = [CapturedDescriptor(descriptor: descriptor, name: "stdout")]
    try await withEngine(functions: [say], capturing: captured) { controller in
      try await controller.waitForIOPub()
      var ids: [(String, String)] = []
      for index in 0..<20 {
        let text = "line \(index) ä€\n"
        let id = try await controller.send(
          .mux, MessageType.applyRequest, buffers: ApplyMessage.pack(function: "say", args: [.string(text)]))
        ids.append((id, text))
      }
      for (id, text) in ids {
        #expect(try await controller.receive(.mux).parentID() == id)
        let published = try await controller.publications(about: id)
        #expect(published.first?.content == ["execution_state": "busy"])
        let streams = published.dropFirst().dropLast()
        #expect(streams.allSatisfy { $0.topic == "engine.0.stdout" && $0.content["name"] == "stdout" })
        #expect(streams.compactMap { $0.content["text"]?.stringValue }.joined() == text)
      }
    }
  }
}

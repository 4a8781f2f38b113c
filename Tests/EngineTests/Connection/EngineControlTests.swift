import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletEngine

@Suite(.timeLimit(.minutes(1))) struct EngineControlTests {
  private let functions = engineTestFunctions

  @Test func abortsAQueuedTaskWhileAnotherRuns() async throws {
    let (gate, opener) = AsyncStream<Int>.makeStream()
    let wait = RemoteFunction("wait") { () async -> Int in
      for await value in gate { return value }
      return 0
    }
    try await withEngine(functions: functions + [wait]) { controller in
      let call = ApplyCall.pack(function: "add", args: [1, 1])
      let running = try await controller.send(
        .mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: "wait"))
      let queued = try await controller.send(.mux, MessageType.applyRequest, buffers: call)
      let kept = try await controller.send(.mux, MessageType.applyRequest, buffers: call)
      // If the control message overtakes mux, the engine answers the request when it arrives.
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

  /// A blocked worker can't receive messages itself.
  @Test func abortsAQueuedTaskWhileAnotherBlocksTheThread() async throws {
    let pipe = Pipe()
    let block = RemoteFunction("block") { () -> Int in pipe.fileHandleForReading.readData(ofLength: 1).count }
    try await withEngine(functions: functions + [block]) { controller in
      let call = ApplyCall.pack(function: "add", args: [1, 1])
      let running = try await controller.send(
        .mux, MessageType.applyRequest, buffers: ApplyCall.pack(function: "block"))
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
      let call = ApplyCall.pack(function: "add", args: [1, 1])
      try await controller.send(.task, MessageType.applyRequest, buffers: ApplyCall.pack(function: "block"))
      // Wait for the start: messages on another channel may overtake this one.
      for await _ in started.stream { break }
      let direct = try await controller.send(.mux, MessageType.applyRequest, buffers: call)
      // Every task is returned, no matter which of the engine's checks finds it.
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
}

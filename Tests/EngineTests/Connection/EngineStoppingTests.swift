import Foundation
import MartletWire
import MartletZeroMQ
import Synchronization
import Testing

@testable import MartletEngine

/// Functions that tell the test when they run.
private final class Stage: Sendable {
  let hasBegun = Atomic(false)
  let isReleased = Atomic(false)

  func waitUntilRunning() async throws {
    while !hasBegun.exchange(false, ordering: .acquiringAndReleasing) { try await Task.sleep(for: .milliseconds(1)) }
  }

  /// Ends with the error of a cancelled task.
  var obedient: any RemoteCallable {
    RemoteFunction("obedient") { [self] () async throws -> Int in
      hasBegun.store(true, ordering: .releasing)
      try await Task.sleep(for: .seconds(3600))
      return 0
    }
  }

  /// Ends with a value.
  var stoic: any RemoteCallable {
    RemoteFunction("stoic") { [self] () async throws -> [Bool] in
      hasBegun.store(true, ordering: .releasing)
      let context = try #require(EngineContext.current)
      while !Task.isCancelled || !context.isCancelled { await Task.yield() }
      return [Task.isCancelled, context.isCancelled]
    }
  }

  /// Does not look.
  var stubborn: any RemoteCallable {
    RemoteFunction("stubborn") { [self] () -> Int in
      hasBegun.store(true, ordering: .releasing)
      while !isReleased.load(ordering: .acquiring) { usleep(1000) }
      return 0
    }
  }

  /// What a call sees that nobody has cancelled.
  let innocent: any RemoteCallable = RemoteFunction("innocent") { () throws -> [Bool] in
    [Task.isCancelled, try #require(EngineContext.current).isCancelled]
  }

  var functions: [any RemoteCallable] { [obedient, stoic, stubborn, innocent] }
}

@Suite(.timeLimit(.minutes(1))) struct EngineStoppingTests {
  private let stage = Stage()

  private func call(_ name: String) -> [Bytes] { ApplyCall.pack(function: name) }

  @Test(arguments: [["running": true], [:]] as [JSONValue]) func aFunctionIsCancelledAndThoseBehindItAreNot(
    options: JSONValue
  ) async throws {
    try await withEngine(functions: stage.functions) { controller in
      for _ in 0..<3 {
        let running = try await controller.send(.mux, MessageType.applyRequest, buffers: call("obedient"))
        try await controller.send(.mux, MessageType.applyRequest, buffers: call("innocent"))
        try await stage.waitUntilRunning()
        var content = options.objectValue ?? [:]
        content["msg_ids"] = [.string(running)]
        try await controller.send(.control, MessageType.abortRequest, content: .object(content))
        let reply = try await controller.receive(.mux)
        #expect(try reply.parentID() == running)
        let answer = try reply.content()
        #expect(answer["status"] == "error" && answer["ename"] == "CancellationError")
        #expect(answer["evalue"] == "the task was cancelled while it ran")
        #expect(try value(try await controller.receive(.mux)) == .list([.bool(false), .bool(false)]))
        #expect(try await controller.receive(.control).content() == ["status": "ok"])
      }
    }
  }

  @Test func aResultIsDeliveredInSpiteOfTheCancellation() async throws {
    try await withEngine(functions: stage.functions) { controller in
      let running = try await controller.send(.mux, MessageType.applyRequest, buffers: call("stoic"))
      try await stage.waitUntilRunning()
      try await controller.send(.control, MessageType.abortRequest, content: ["msg_ids": .string(running)])
      #expect(try value(try await controller.receive(.mux)) == .list([.bool(true), .bool(true)]))
      _ = try await controller.receive(.control)
      // The same id may come again: it was not aborted in advance.
      try await controller.send(.mux, MessageType.applyRequest, buffers: call("innocent"))
      #expect(try value(try await controller.receive(.mux)) == .list([.bool(false), .bool(false)]))
    }
  }

  @Test(
    arguments: [
      ["msg_ids": ["other"]], ["msg_ids": nil], ["msg_ids": []], ["running": false],
    ] as [JSONValue]) func othersAreNotMeant(abort: JSONValue) async throws
  {
    try await withEngine(functions: stage.functions) { controller in
      let running = try await controller.send(.mux, MessageType.applyRequest, buffers: call("stubborn"))
      try await stage.waitUntilRunning()
      var content = abort.objectValue ?? [:]
      if content["running"] == false { content["msg_ids"] = [.string(running)] }
      try await controller.send(.control, MessageType.abortRequest, content: .object(content))
      _ = try await controller.receive(.control)
      try await controller.send(.mux, MessageType.applyRequest, buffers: call("innocent"))
      stage.isReleased.store(true, ordering: .releasing)
      #expect(try value(try await controller.receive(.mux)) == .int(0))
      #expect(try value(try await controller.receive(.mux)) == .list([.bool(false), .bool(false)]))
    }
  }

  @Test func aTaskMayRunForALimitedTime() async throws {
    try await withEngine(functions: stage.functions) { controller in
      for seconds in [0.05, 0.01] {
        try await controller.send(
          .mux, MessageType.applyRequest, metadata: ["execution_timeout": .double(seconds)], buffers: call("obedient"))
        let answer = try await controller.receive(.mux).content()
        #expect(answer["status"] == "error" && answer["ename"] == "TimeoutError")
        #expect(answer["evalue"]?.stringValue?.contains("ran for longer than \(seconds) seconds") == true)
        try await controller.send(
          .mux, MessageType.applyRequest, metadata: ["execution_timeout": 3600], buffers: call("innocent"))
        #expect(try value(try await controller.receive(.mux)) == .list([.bool(false), .bool(false)]))
      }
      for wrong in ["soon", -1, [1]] as [JSONValue] {
        try await controller.send(
          .mux, MessageType.applyRequest, metadata: ["execution_timeout": wrong], buffers: call("innocent"))
        #expect(try await controller.receive(.mux).content()["ename"] == "ValueError")
      }
    }
  }

  @Test func aTaskIsNotStartedAfterItsDeadline() async throws {
    try await withEngine(functions: stage.functions) { controller in
      for deadline in [Timestamp(microseconds: 0), .now] {
        try await controller.send(
          .mux, MessageType.applyRequest, metadata: ["deadline": .string(deadline.text)], buffers: call("stubborn"))
        let answer = try await controller.receive(.mux).content()
        #expect(answer["status"] == "error" && answer["ename"] == "TaskTimeout")
      }
      #expect(stage.hasBegun.load(ordering: .acquiring) == false)
      let later = Timestamp(microseconds: Timestamp.now.microseconds + 3_600_000_000)
      try await controller.send(
        .mux, MessageType.applyRequest, metadata: ["deadline": .string(later.text)], buffers: call("innocent"))
      #expect(try value(try await controller.receive(.mux)) == .list([.bool(false), .bool(false)]))
      for wrong in ["soon", 17] as [JSONValue] {
        try await controller.send(
          .mux, MessageType.applyRequest, metadata: ["deadline": wrong], buffers: call("innocent"))
        #expect(try await controller.receive(.mux).content()["ename"] == "ValueError")
      }
    }
  }

  /// Who decides how long a function may go on after it was told to stop.
  enum Patience: CaseIterable { case engine, request, abort, secondAbort }

  @Test(arguments: [true, false], Patience.allCases)
  func anEngineEndsWhoseFunctionGoesOn(limited: Bool, patience: Patience) async throws {
    let error = await #expect(throws: EngineRunError.self) {
      let controller = try FakeController()
      var configuration = EngineConfiguration(connection: controller.connection, uuid: "engine-uuid")
      configuration.captureOutput = false
      configuration.python = PythonConfiguration(
        isAllowed: false, interruptGrace: patience == .engine ? .milliseconds(50) : .seconds(3600))
      let engine = try Engine(configuration: configuration, functions: stage.functions, logger: .silent)
      async let running: Void = engine.run()
      try await controller.register(id: 3)
      var metadata: [String: JSONValue] = limited ? ["execution_timeout": 0.01] : [:]
      if patience == .request { metadata["stop_grace"] = 0.05 }
      let id = try await controller.send(
        .mux, MessageType.applyRequest, metadata: .object(metadata), buffers: call("stubborn"))
      try await stage.waitUntilRunning()
      var abort: [String: JSONValue] = ["msg_ids": [.string(id)]]
      if patience == .secondAbort || patience == .request || patience == .engine, !limited {
        try await controller.send(.control, MessageType.abortRequest, content: .object(abort))
      }
      if patience == .abort || patience == .secondAbort {
        abort["stop_grace"] = 0.05
        try await controller.send(.control, MessageType.abortRequest, content: .object(abort))
      }
      let reply = try await controller.receive(.mux)
      #expect(try reply.parentID() == id)
      #expect(try reply.metadata()["status"] == "error")
      let answer = try reply.content()
      #expect(answer["ename"] == "EngineError")
      #expect(
        answer["evalue"] == "engine 3 has ended, because the task went on for 0.05 seconds after it had been cancelled")
      let departure = try await controller.receive(.registration)
      #expect(departure.header.messageType == MessageType.unregistrationRequest)
      do {
        try await running
      } catch {
        // The function must not outlive the test.
        stage.isReleased.store(true, ordering: .releasing)
        await controller.stop()
        throw error
      }
    }
    #expect(error?.code == .ignoredCancellation)
  }
}

import Foundation
import MartletWire
import MartletZeroMQ
import Synchronization
import Testing

@testable import MartletController

extension IntegrationTests {
  /// A controller keeps working under adverse conditions.
  @Suite struct RobustnessTests {
    /// Blocks a loop while `body` runs.
    private func holding(_ loop: EventLoop, _ body: () async throws -> Void) async rethrows {
      let block = DispatchSemaphore(value: 0)
      await withCheckedContinuation { isHeld in
        try? loop.execute {
          isHeld.resume()
          block.wait()
        }
      }
      defer { block.signal() }
      try await body()
    }

    @Test func relayingDoesNotWaitForTheHub() async throws {
      try await TestController.run(.ipc) { test in
        let client = try RawClient(test)
        let engine = try RawEngine(test, uuid: "engine")
        _ = try await engine.register()
        try await wait("the engine") { try await client.engines() == ["0": "engine"] }
        let hub = try #require(test.controller.parts.withLock { $0?.hub })
        var last = ""
        try await holding(hub.loop) {
          for _ in 0..<500 {
            last = try await client.send(.task, "apply_request")
            #expect(try await client.receive(.task).parent == last)
            #expect(try await client.isAnswered(.mux, by: "engine"))
          }
        }
        let status = try await client.ask("result_request", ["msg_ids": [.string(last)], "status_only": true])
        #expect(status.content["completed"] == [.string(last)])
      }
    }

    @Test func aClientFindsARecordOfEachReplyItHas() async throws {
      try await TestController.run(.ipc) { test in
        let client = try RawClient(test)
        let engine = try RawEngine(test, uuid: "engine")
        _ = try await engine.register()
        try await wait("the engine") { try await client.engines() == ["0": "engine"] }
        // The relay still has many replies to forward when the client queries the first.
        let count = 200
        for _ in 0..<count { try await client.send(.mux, "apply_request", to: "engine", content: ["hold": true]) }
        try await wait("the requests") { await engine.heldCount == count }
        let relay = try #require(test.controller.parts.withLock { $0?.mux })
        await holding(relay.loop) { await engine.release() }
        for _ in 0..<count {
          let id = try await client.receive(.mux).parent
          let status = try await client.ask("result_request", ["msg_ids": [.string(id)], "status_only": true])
          #expect(status.content["completed"] == [.string(id)])
        }
      }
    }

    /// A client may send a request before its subscription reaches the controller.
    @Test func aLateSubscriberLearnsThatARequestIsDone() async throws {
      try await TestController.run(.ipc) { test in
        var options = SocketOptions()
        options.linger = .zero
        let publisher = try Socket(test.context, .publish, options: options)
        try publisher.connect(try test.engine.endpoint(.iopub))
        var session = try Session(key: test.engine.key)
        options.subscriptions = [Bytes()]
        func subscriber() throws -> Socket {
          let socket = try Socket(test.context, .subscribe, options: options)
          try socket.connect(try test.client.endpoint(.iopub))
          return socket
        }
        func publish(_ state: String, _ parent: String) throws {
          var message = Multipart()
          message.append(Bytes("engine.0.status"))
          session.append(
            to: &message, type: "status", parent: Bytes(#"{"msg_id":"\#(parent)"}"#),
            metadata: Array(#"{"engine":"e"}"#.utf8), content: Array(#"{"execution_state":"\#(state)"}"#.utf8))
          try publisher.send(&message)
        }
        let early = try subscriber()
        var frames = Multipart()
        repeat { try publish("busy", "warm-up") } while try !early.receive(into: &frames, timeout: .milliseconds(20))
        try publish("busy", "task")
        try publish("idle", "task")
        var earlyReceiver = try Session(key: test.client.key)
        func waitForIdle() throws {
          var state: JSONValue?
          while state != "idle" {
            try #require(try early.receive(into: &frames, timeout: .seconds(30)))
            state = try earlyReceiver.take(&frames).content()["execution_state"]
          }
        }
        // Both statuses have been relayed, so a client that subscribes now has missed them.
        try waitForIdle()
        let late = try subscriber()
        var receiver = try Session(key: test.client.key)
        #expect(try late.receive(into: &frames, timeout: .seconds(30)))
        let topic = frames.text(at: 0)
        let status = try receiver.take(&frames)
        #expect(topic == "engine.0.status" && status.header.messageType == "status")
        #expect(try status.parentID() == "task")
        #expect(try status.content() == ["execution_state": "idle"])
        #expect(try status.metadata() == ["engine": "e"])
        // The early subscriber receives the status again, in a new message that isn't rejected as a replay.
        try waitForIdle()
      }
    }

    @Test(arguments: [Transport.ipc, .curve])
    func garbageOnEverySocketDoesNotAffectOthers(_ transport: Transport) async throws {
      try await TestController.run(transport) { test in
        let (client, vandal) = (try RawClient(test), try RawClient(test, key: "another key"))
        let engine = try RawEngine(test, uuid: "engine")
        _ = try await engine.register()
        try await wait("the engine") { try await client.engines() == ["0": "engine"] }
        let channels = [ConnectionInfo.Channel.registration, .mux, .task, .control, .broadcast]
        let delimiter = MessageLayout.delimiterBytes.array
        let rubbish: [[[UInt8]]] = [
          [[]], [[0xFF]], [delimiter], [delimiter, []], [delimiter, [], [], [], [], []],
          [Array("engine".utf8), delimiter, [], [0x7B], [0x7D], [0x5B], [0x22]],
          Array(repeating: [], count: 100), [delimiter, [], Array("{}".utf8), Array("{}".utf8), [0x30], [0x31]],
        ]
        for round in 0..<20 {
          for channel in channels {
            for frames in rubbish { try await vandal.send(channel, frames: frames) }
            try await vandal.send(channel, "apply_request", to: round.isMultiple(of: 2) ? "engine" : nil)
          }
          #expect(try await client.isAnswered(.task))
          #expect(try await client.isAnswered(.mux, by: "engine"))
        }
        try await Self.sendRubbishAsAnEngine(test, rubbish)
        #expect(try await client.isAnswered(.task))
        #expect(try await client.engines() == ["0": "engine"])
      }
    }

    /// Sends garbage on all engine channels, including the heartbeat.
    private static func sendRubbishAsAnEngine(_ test: TestController, _ rubbish: [[[UInt8]]]) async throws {
      var options = SocketOptions(identity: Bytes("vandal"))
      options.linger = .seconds(1)
      if let server = test.engine.curveServerKey { options.curve = .client(try .generate(), serverKey: server) }
      for channel in [ConnectionInfo.Channel.mux, .task, .control, .broadcast, .iopub, .heartbeatPong, .heartbeatPing] {
        for endpoint in try test.engine.endpoints(channel) {
          let type: SocketType =
            switch channel {
            case .iopub: .publish
            case .heartbeatPing: .xsubscribe
            default: .dealer
            }
          let socket = try Socket(test.context, type, options: options)
          try socket.connect(endpoint)
          for frames in rubbish {
            var message = Multipart()
            for frame in frames { message.append(frame) }
            try socket.send(&message)
          }
        }
      }
    }

    @Test func restoredEnginesThatAreGoneAreUnregistered() async throws {
      let table = TestController.newPath + ".json"
      defer { try? FileManager.default.removeItem(atPath: table) }
      try PrivateFile.write(Data(#"{"engines": {"3": "gone"}, "next_id": 4}"#.utf8), to: table)
      try await TestController.run(.ipc) {
        $0.engineStateFile = table
        $0.restoresEngines = true
        $0.heartbeat.period = .milliseconds(50)
        $0.heartbeat.maxMisses = 2
      } _: { test in
        let client = try RawClient(test)
        try await wait("the unregistration of the engine") { try await client.engines() == [:] }
        #expect(try String(contentsOfFile: table, encoding: .utf8).contains("gone") == false)
        let engine = try RawEngine(test, uuid: "new")
        #expect(try await engine.register() == 4)
      }
    }

    /// Nobody hears of it when libzmq ignores a connection, since another one had its identity: probes that find no
    /// connection make the engine connect once more, and then tell what was lost.
    @Test func anEngineThatReconnectedTooEarlyIsReachedAgain() async throws {
      try await TestController.run(.ipc) { test in
        let client = try RawClient(test)
        let engine = try RawEngine(test, uuid: "engine")
        let id = try await engine.register()
        try await wait("the registration") { try await client.engines() == ["0": "engine"] }
        for channel in [ConnectionInfo.Channel.task, .mux] {
          #expect(try await client.isAnswered(channel, by: channel == .mux ? "engine" : nil))
        }
        let lost = Mutex<[ConnectionInfo.Channel: String]>([:])
        try await engine.reconnectTooEarly(id) {
          let task = try await client.send(.task, "apply_request")
          let direct = try await client.send(.mux, "apply_request", to: "engine")
          lost.withLock { $0 = [.task: task, .mux: direct] }
          try await wait("the engine to have both") {
            let status = try await client.ask("queue_request").content["0"]
            return status?["tasks"] == 1 && status?["queue"] == 1
          }
        }
        for (channel, request) in lost.withLock({ $0 }) {
          let reply = try await client.receive(channel)
          #expect(reply.parent == request && reply.content["ename"] == "TaskLost", "\(channel): \(reply)")
          #expect(try await client.isAnswered(channel, by: channel == .mux ? "engine" : nil))
        }
      }
    }

    @Test func anEngineMayRegisterAgainUnderItsUUID() async throws {
      try await TestController.run(.ipc) { test in
        let client = try RawClient(test)
        for id in 0..<3 {
          let engine = try RawEngine(test, uuid: "engine")
          #expect(try await engine.register() == id)
          try await wait("the registration") { try await client.engines() == [String(id): "engine"] }
          #expect(try await client.isAnswered(.task))
          try await client.send(.registration, "unregistration_request", content: ["id": .int(id)])
          await engine.disconnect()
        }
      }
    }
  }
}

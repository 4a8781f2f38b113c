import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

extension IntegrationTests {
  /// The same exchanges work over every transport.
  @Suite struct TransportTests {
    private func register(_ count: Int, _ test: TestController, _ client: RawClient) async throws -> [RawEngine] {
      var engines: [RawEngine] = []
      for index in 0..<count {
        let engine = try RawEngine(test, uuid: "engine-\(index)")
        #expect(try await engine.register() == index)
        engines.append(engine)
      }
      try await wait("\(count) engines") { try await client.engines()?.objectValue?.count == count }
      return engines
    }

    @Test(arguments: Transport.allCases)
    func callsAndErrors(_ transport: Transport) async throws {
      try await TestController.run(transport) { test in
        let client = try RawClient(test)
        let engines = try await register(2, test, client)

        let direct = try await client.send(.mux, "apply_request", to: "engine-1", buffers: [Bytes("payload")])
        let reply = try await client.receive(.mux)
        #expect(reply.parent == direct && reply.type == "apply_reply")
        #expect(reply.identities == [Bytes("engine-1")])
        #expect(reply.buffers == [Bytes("payload")])

        var ids: Set<String> = []
        for _ in 0..<200 { ids.insert(try await client.send(.task, "apply_request")) }
        var answered: Set<String> = []
        for _ in 0..<200 { answered.insert(try await client.receive(.task).parent) }
        #expect(answered == ids)

        let failing = try await client.send(.task, "apply_request", content: ["fail": true])
        let failure = try await client.receive(.task)
        #expect(failure.parent == failing && failure.content["ename"] == "ValueError")

        for isCoalescing in [false, true] {
          let targets: JSONValue = [["engine-0", 0], ["engine-1", 1]]
          let id = try await client.send(
            .broadcast, "apply_request", metadata: ["targets": targets, "is_coalescing": .bool(isCoalescing)],
            buffers: [Bytes("all")])
          if isCoalescing {
            let merged = try await client.receive(.broadcast)
            #expect(merged.buffers == [Bytes("all"), Bytes("all")])
          } else {
            let parents = [try await client.receive(.broadcast).parent, try await client.receive(.broadcast).parent]
            #expect(parents.sorted() == ["\(id)_engine-0", "\(id)_engine-1"])
          }
        }

        let control = try await client.send(.control, "clear_request", to: "engine-0")
        #expect(try await client.receive(.control).parent == control)
        #expect(await engines[0].controlRequests == ["clear_request"])

        try await wait("200 records") { try await client.ask("queue_request").content["unassigned"] == 0 }
        let status = try await client.ask("result_request", ["msg_ids": [.string(direct)], "status_only": true])
        #expect(status.content["completed"] == [.string(direct)])
      }
    }

    @Test(arguments: Transport.allCases)
    func queuedTasksAreAborted(_ transport: Transport) async throws {
      try await TestController.run(transport) { test in
        let client = try RawClient(test)
        let engines = try await register(1, test, client)
        let held = try await client.send(.task, "apply_request", content: ["hold": true])
        let queued = try await client.send(.task, "apply_request")
        try await wait("the first task on the engine") { await engines[0].heldCount == 1 }
        try await wait("the second in the queue") { try await client.ask("queue_request").content["unassigned"] == 1 }
        try await client.send(.control, "abort_request", to: "engine-0", content: ["msg_ids": [.string(queued)]])
        let aborted = try await client.receive(.task)
        #expect(aborted.parent == queued && aborted.content["status"] == "aborted")
        await engines[0].release()
        #expect(try await client.receive(.task).parent == held)
      }
    }

    @Test(arguments: Transport.allCases)
    func aSilentEngineIsGivenUpAndItsTasksAnswered(_ transport: Transport) async throws {
      try await TestController.run(transport) {
        $0.heartbeat.period = .milliseconds(100)
        $0.heartbeat.maxMisses = 3
        $0.registrationTimeout = .seconds(1)
      } _: { test in
        let client = try RawClient(test)
        let engines = try await register(1, test, client)
        let task = try await client.send(.task, "apply_request", content: ["hold": true])
        let direct = try await client.send(.mux, "apply_request", to: "engine-0", content: ["hold": true])
        try await wait("both requests on the engine") { await engines[0].heldCount == 2 }
        await engines[0].freeze()
        let left = try await client.notification("unregistration_notification")
        #expect(left == ["id": 0, "uuid": "engine-0", "reason": "its heart stopped beating"])
        let reply = try await client.receive(.task)
        #expect(reply.parent == task && reply.content["ename"] == "EngineError")
        try await wait("the end of the direct request") {
          try await client.ask("result_request", ["msg_ids": [.string(direct)], "status_only": true])
            .content["completed"] == [.string(direct)]
        }
      }
    }

    @Test(arguments: [Transport.ipc, .tcp, .curve])
    func aRequestForAnEngineWithoutConnectionIsAnswered(_ transport: Transport) async throws {
      try await TestController.run(transport) { test in
        let client = try RawClient(test)
        let engines = try await register(1, test, client)
        await engines[0].disconnect()
        // The controller doesn't notice the closed connection at once, so one request may be lost. It holds later ones
        // for a while in case the engine reconnects, then answers them itself. It answers requests to unknown engines
        // at once.
        try await wait("an answer in place of the engine") {
          try await client.send(.mux, "execute_request", to: "engine-0", content: ["hold": true])
          try await client.send(.mux, "execute_request", to: "nobody")
          let answer = try await client.receive(.mux)
          #expect(answer.type == "execute_reply" && answer.content["ename"] == "EngineError")
          return answer.identities == [Bytes("engine-0")]
        }
      }
    }
  }
}

import MartletWire
import Testing

extension IntegrationTests {
  /// A controller survives a peer that sends garbage continuously.
  @Suite struct FloodTests {
    private static let channels = [ConnectionInfo.Channel.registration, .mux, .task, .control, .broadcast]
    private static let floodSize = 2000

    @Test func aFloodOfGarbageLeavesASmallLogWithTrueCounts() async throws {
      let log = LogRecorder()
      try await TestController.run(.ipc, logger: log.logger) { test in
        let (client, vandal) = (try RawClient(test), try RawClient(test))
        let engine = try RawEngine(test, uuid: "engine")
        _ = try await engine.register()
        try await wait("the engine") { try await client.engines() == ["0": "engine"] }
        for channel in Self.channels {
          for _ in 0..<Self.floodSize { try await vandal.send(channel, frames: [Array("garbage".utf8)]) }
        }
        // On each channel, the vandal's last message is answered last.
        #expect(try await vandal.engines() == ["0": "engine"])
        #expect(try await vandal.isAnswered(.mux, by: "engine"))
        #expect(try await vandal.isAnswered(.task))
        #expect(try await vandal.isAnswered(.control, by: "engine"))
        try await vandal.send(.broadcast, "apply_request", metadata: ["targets": [["engine", 0]]])
        _ = try await vandal.receive(.broadcast)
      }
      let refusals = log.lines.filter { $0.message.hasPrefix("refused") }
      let sockets = Dictionary(grouping: refusals) { $0[LogKey.socket] }
      #expect(sockets.count == Self.channels.count)
      for (socket, lines) in sockets {
        #expect(lines.count < 100, "\(socket)")
        #expect(lines.last?[LogKey.count] == "\(Self.floodSize)", "\(socket)")
      }
      #expect(log.lines.count < 600)
    }
  }
}

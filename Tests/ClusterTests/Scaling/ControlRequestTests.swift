import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletCluster

@Suite struct ControlRequestTests {
  @Test func sizesAreNumbersOrChanges() throws {
    #expect(try ControlRequest.Size("32") == .to(32))
    #expect(try ControlRequest.Size("+4") == .by(4))
    #expect(try ControlRequest.Size("-4") == .by(-4))
    for text in ["", "x", "4.5", "--4", "+", "1000001", "9999999999999999999999"] {
      #expect(throws: OptionError.self) { try ControlRequest.Size(text) }
    }
    #expect(ControlRequest.Size.to(3).applied(to: 8) == 3)
    #expect(ControlRequest.Size.by(3).applied(to: 8) == 11)
    #expect(ControlRequest.Size.by(-9).applied(to: 8) == 0)
  }

  @Test(arguments: [
    ControlRequest.status, .scale(.to(4), group: nil), .scale(.by(-4), group: "gpu"), .scale(.by(0), group: "gpu"),
    .autoscale(EngineScaling(maximum: 2), group: nil),
    .autoscale(
      EngineScaling(minimum: 1, maximum: 9, idleTime: .milliseconds(2500), endsUsedEngines: true), group: "gpu"),
  ])
  func whatIsSentIsRead(request: ControlRequest) throws {
    #expect(try ControlRequest(json: request.json) == request)
  }

  @Test func nothingElseIs() {
    let wrong: [JSONValue] = [
      [:], [], "status", ["request": "stop"], ["request": "scale"], ["request": "scale", "to": "4"],
      ["request": "autoscale", "scaling": ["minimum": 1]],
      ["request": "autoscale", "scaling": ["minimum": 1, "maximum": 2, "idle_time": -1]],
    ]
    for json in wrong { #expect(throws: OptionError.self) { try ControlRequest(json: json) } }
  }

  @Test func aGroupIsRead() throws {
    let group = EngineGroupStatus(
      name: "gpu", launcher: "slurm", wanted: 8, started: 6, leaving: 1, notes: ["job 3 waits"], uuids: ["a", "b"])
    #expect(try EngineGroupStatus(json: group.json) == group)
    #expect(group.registered(among: ["b", "c"]) == 1)
    #expect(throws: OptionError.self) { try EngineGroupStatus(json: ["name": "gpu"]) }
  }
}

/// A server and the client's side of it.
@Suite(.timeLimit(.minutes(1))) struct ControlServerTests {
  @Test func answersOneByOneAndSurvivesGarbage() async throws {
    let folder = try SocketDirectory.make()
    let path = folder.path
    let server = try ControlServer { request in ["status": "ok", "asked": request] }
    try await server.start(at: SocketDirectory.control(in: path))
    #expect(try ask("[1, 2]", at: path)["asked"] == [1, 2])
    #expect(try ask("{", at: path)["status"] == "error")
    #expect(try ask("{}", at: path)["asked"] == [:])
    await server.stop()
    folder.remove()
  }

  private func ask(_ text: String, at path: String) throws -> JSONValue {
    try KnownCluster.exchange(Bytes(text), SocketDirectory.control(in: path)) { true }
  }
}

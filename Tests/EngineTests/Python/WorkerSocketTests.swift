import MartletWire
import Testing

@testable import MartletEngine
@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct WorkerSocketTests {
  /// Sends pieces from a thread of its own, because a call may wait for the reader.
  private func send(_ pieces: [Bytes], to end: StreamSocket) {
    let sender = Task.detached {
      try? end.send(pieces)
      end.endSending()
    }
    withExtendedLifetime(sender) {}
  }

  private func message(_ parts: [Bytes]) -> [Bytes] {
    [Bytes(WorkerFraming.prefix(parts.map(\.count)))] + parts
  }

  @Test(arguments: [0, 1, 1_000, 16_384, 16_385, 65_536, 3_000_000])
  func receivesPartsOfEverySize(size: Int) throws {
    let (ours, theirs) = try StreamSocket.pair()
    let head = Bytes(#"{"type":"reply","status":"ok"}"#)
    let payload = Bytes((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    let parts = message([head, Bytes("{}"), payload, Bytes("end")])
    send(parts + parts, to: theirs)
    var socket = WorkerSocket(ours)
    for _ in 0..<2 {
      guard case .reply(let reply) = try socket.receive() else {
        Issue.record("no reply")
        return
      }
      #expect(reply.buffers == [payload, Bytes("end")])
    }
    #expect(throws: WorkerSocket.Failure.ended) { try socket.receive() }
  }

  @Test func manyPartsAreReceived() throws {
    let (ours, theirs) = try StreamSocket.pair()
    let buffers = (0..<20_000).map { Bytes("\($0)") }
    send(message([Bytes(#"{"type":"reply","status":"ok"}"#), Bytes("{}")] + buffers), to: theirs)
    var socket = WorkerSocket(ours)
    guard case .reply(let reply) = try socket.receive() else {
      Issue.record("no reply")
      return
    }
    #expect(reply.buffers == buffers)
  }

  @Test func anEndWithinAMessageIsAnEnd() throws {
    let whole = message([
      Bytes(#"{"type":"reply","status":"ok"}"#), Bytes("{}"), Bytes([UInt8](repeating: 1, count: 40_000)),
    ])
    for pieces in [[], [Bytes([1, 0])], [whole[0]], Array(whole.dropLast())] {
      let (ours, theirs) = try StreamSocket.pair()
      send(pieces, to: theirs)
      var socket = WorkerSocket(ours)
      #expect(throws: WorkerSocket.Failure.ended) { try socket.receive() }
    }
  }

  @Test func garbageIsNoMessage() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let (ours, theirs) = try StreamSocket.pair()
      send([Bytes((0..<300).map { _ in UInt8.random(in: 0...255, using: &generator) })], to: theirs)
      var socket = WorkerSocket(ours)
      #expect(throws: WorkerSocket.Failure.self) { try socket.receive() }
    }
  }

  @Test func aPartThatNoMemoryHoldsIsRefused() throws {
    let (ours, theirs) = try StreamSocket.pair()
    send([Bytes(WorkerFraming.prefix([2, 1 << 46])), Bytes("{}")], to: theirs)
    var socket = WorkerSocket(ours)
    #expect(throws: WorkerSocket.Failure.self) { try socket.receive() }
  }

  @Test func sendingToNobodyIsAnError() throws {
    let (ours, theirs) = try StreamSocket.pair()
    theirs.end()
    #expect(throws: WorkerSocket.Failure.ended) { try WorkerSocket(ours).send(.remove(["a"])) }
  }
}

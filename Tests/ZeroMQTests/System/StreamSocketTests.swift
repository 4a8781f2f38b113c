import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct StreamSocketTests {
  @Test func sendsManyPiecesOfAllSizes() async throws {
    let (ours, theirs) = try StreamSocket.pair()
    let pieces = (0..<3_000).map { Bytes([UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: $0 % 7 * 300)) }
    let size = pieces.reduce(0) { $0 + $1.count }
    let sender = Task.detached { try ours.send(pieces) }
    let received = try #require(try theirs.receive(size, startingWith: []))
    try await sender.value
    var position = 0
    for piece in pieces {
      #expect(received[position..<(position + piece.count)] == piece)
      position += piece.count
    }
  }

  @Test func whatHasBeenReceivedComesFirst() throws {
    let (ours, theirs) = try StreamSocket.pair()
    try ours.send([Bytes("cd")])
    #expect(try theirs.receive(4, startingWith: Array("ab".utf8)[...])?.string == "abcd")
    #expect(try theirs.receive(2, startingWith: Array("ab".utf8)[...])?.string == "ab")
    #expect(try theirs.receive(0, startingWith: []) == Bytes())
  }

  @Test func theEndComesAfterTheData() throws {
    let (ours, theirs) = try StreamSocket.pair()
    #expect(!theirs.isReadable)
    try ours.send([Bytes("x")])
    ours.end()
    #expect(theirs.isReadable)
    var buffer = [UInt8](repeating: 0, count: 8)
    #expect(try theirs.receive(into: &buffer) == 1)
    #expect(try theirs.receive(into: &buffer) == 0)
    #expect(try theirs.receive(2, startingWith: []) == nil)
    #expect(throws: ZeroMQError.self) { try theirs.send([Bytes("y")]) }
  }

  @Test func impossibleSizesAreErrors() throws {
    let (_, theirs) = try StreamSocket.pair()
    #expect(throws: ZeroMQError.self) { try theirs.receive(1 << 60, startingWith: []) }
  }
}

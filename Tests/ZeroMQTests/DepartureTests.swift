import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct DepartureTests {
  /// If a peer leaves in the middle of a message, that message is lost but counts as sent. The next one is complete.
  @Test func aPeerThatLeavesDuringAMessage() async throws {
    let context = try Context()
    let sender = try Socket(context, .push)
    let endpoint = try sender.bind(Transport.inproc.freeEndpoint)
    let loop = try EventLoop.started("peer")
    for _ in 0..<5 {
      let (connections, connected) = AsyncStream<Void>.makeStream()
      try? loop.execute {
        guard let peer = try? Socket(context, .pull), (try? peer.connect(endpoint)) != nil else { return }
        connected.yield()
        _ = try? peer.next()
        // The socket closes here, while the sender is busy.
      }
      var iterator = connections.makeAsyncIterator()
      await iterator.next()
      try sender.send("go")
      var message = Multipart()
      for _ in 0..<100_000 { message.append(Bytes("frame")) }
      let result = try sender.send(&message)
      let left = message.count
      #expect(left == (result == .sent ? 0 : 100_000))
      try await loop.run {}
      while try sender.send("into the void") == .sent {}
      let successor = try Socket(context, .pull)
      try successor.connect(endpoint)
      while try sender.send("whole", "message") != .sent {}
      #expect(try successor.next() == ["whole", "message"])
    }
    await loop.end()
  }
}

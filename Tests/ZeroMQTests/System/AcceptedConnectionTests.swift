import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct AcceptedConnectionTests {
  #if os(Linux)
    @Test func trafficIsCounted() throws {
      let pair = try Transport.tcp.makePair(.dealer, .dealer)
      try pair.client.send(String(repeating: "x", count: 100_000))
      var message = Multipart()
      let hasArrived = try pair.server.receive(into: &message, timeout: patience)
      #expect(hasArrived)
      let source = message.sourceDescriptor()
      let descriptor = try #require(source)
      let traffic = try #require(AcceptedConnection.traffic(descriptor))
      // The greeting and the frame's head come on top.
      #expect((100_064...101_000).contains(traffic.received))
      #expect(traffic.acknowledged < 1000 && traffic.waiting < 1000)
      // The other end is this system, and has just answered.
      #expect(traffic.silence < .seconds(60))
    }
  #endif

  @Test func whatIsNoConnectionHasNoTrafficAndIsLeftAlone() throws {
    let (end, other) = try StreamSocket.pair()
    for descriptor: Int32 in [-1, 0, end.descriptor, 1_000_000] {
      #expect(AcceptedConnection.traffic(descriptor) == nil)
    }
    AcceptedConnection.end(-1)
    AcceptedConnection.end(1_000_000)
    #expect(other.descriptor >= 0)
  }

  @Test func thereIsRoomForDescriptors() throws {
    let before = try #require(DescriptorRoom.now()).left
    #expect(before > 0)
    // Other tests open and close descriptors at the same time, but not that many.
    let pairs = try (0..<200).map { _ in try StreamSocket.pair() }
    #expect(try #require(DescriptorRoom.now()).left < before - 100)
    #expect(pairs.count == 200)
  }
}

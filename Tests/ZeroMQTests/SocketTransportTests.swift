import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct SocketTransportTests {
  @Test(arguments: Transport.allCases) func requestAndReply(_ transport: Transport) throws {
    let pair = try transport.makePair(.router, .dealer, clientOptions: SocketOptions(identity: Bytes("engine")))
    try pair.client.send("a", "", "b")
    #expect(try pair.server.next() == ["engine", "a", "", "b"])
    try pair.server.send("engine", "reply")
    #expect(try pair.client.next() == ["reply"])
  }

  @Test(arguments: Transport.allCases) func largeFramesArriveWhole(_ transport: Transport) throws {
    let pair = try transport.makePair(.pull, .push)
    let payload = Bytes((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    var message = Multipart()
    message.append(payload)
    message.append(payload[1..<2_000_000])
    try pair.client.send(&message)
    var received = Multipart()
    let came = try pair.server.receive(into: &received, timeout: patience)
    #expect(came)
    #expect(received.shared(0) == payload)
    #expect(received.shared(1) == payload[1..<2_000_000])
  }

  @Test(arguments: Transport.allCases) func manyMessagesKeepTheirOrder(_ transport: Transport) throws {
    let pair = try transport.makePair(.pull, .push)
    for number in 0..<3000 { try pair.client.send(String(number)) }
    for number in 0..<3000 {
      guard try pair.server.next() == [String(number)] else {
        Issue.record("message \(number) is missing")
        return
      }
    }
  }

  /// A received frame remains readable after its socket and context are gone.
  @Test(arguments: Transport.allCases) func sharedMessageOutlivesItsContext(_ transport: Transport) throws {
    func receive() throws -> SharedFrames {
      let pair = try transport.makePair(.pull, .push)
      try pair.client.send("small", String(repeating: "large ", count: 10_000))
      var message = Multipart()
      let came = try pair.server.receive(into: &message, timeout: patience)
      #expect(came)
      let shared = SharedFrames(taking: &message)
      #expect(message.count == 0)
      return shared
    }
    let message = try receive()
    #expect(message.count == 2)
    #expect(message[0] == Bytes("small"))
    #expect(message.text(at: 1) == String(repeating: "large ", count: 10_000))
    #expect(message[2].isEmpty && message[-1].isEmpty)
    #expect(message.totalSize == 60_005)
  }

  @Test func aBoundPortIsReported() throws {
    let socket = try Socket(Context(), .router)
    let endpoint = try socket.bind("tcp://127.0.0.1:0")
    #expect(endpoint.hasPrefix("tcp://127.0.0.1:") && endpoint != "tcp://127.0.0.1:0")
    #expect(socket.lastEndpoint == endpoint)
  }

  @Test func severalEndpointsOfOneSocket() throws {
    let context = try Context()
    let server = try Socket(context, .pull)
    var endpoints: [String] = []
    for transport in [Transport.inproc, .ipc, .tcp] { endpoints.append(try server.bind(transport.freeEndpoint)) }
    for endpoint in endpoints {
      let client = try Socket(context, .push)
      try client.connect(endpoint)
      try client.send(endpoint)
      #expect(try server.next() == [endpoint])
    }
  }

  @Test func unbindFreesTheEndpoint() throws {
    let context = try Context()
    let first = try Socket(context, .pull)
    let second = try Socket(context, .pull)
    let endpoint = try first.bind(Transport.inproc.freeEndpoint)
    #expect(throws: ZeroMQError.self) { try second.bind(endpoint) }
    try first.unbind(endpoint)
    try second.bind(endpoint)
  }

  @Test func disconnectedSocketsAreNotServed() throws {
    let context = try Context()
    var options = SocketOptions()
    options.linger = .zero
    let first = try Socket(context, .pull)
    let second = try Socket(context, .pull)
    let sender = try Socket(context, .push, options: options)
    let endpoints = [try first.bind(Transport.inproc.freeEndpoint), try second.bind(Transport.inproc.freeEndpoint)]
    for endpoint in endpoints { try sender.connect(endpoint) }
    try sender.disconnect(endpoints[0])
    for number in 0..<4 { try sender.send(String(number)) }
    for number in 0..<4 { #expect(try second.next() == [String(number)]) }
  }
}

import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct SubscriptionTests {
  private func subscriber(_ context: Context, _ endpoint: String, _ prefixes: String...) throws -> Socket {
    var options = SocketOptions()
    options.subscriptions = prefixes.map { Bytes($0) }
    let socket = try Socket(context, .subscribe, options: options)
    try socket.connect(endpoint)
    return socket
  }

  @Test(arguments: [Transport.inproc, .ipc, .tcp]) func onlyPrefixesSubscribedToArrive(_ transport: Transport) throws {
    let context = try Context()
    let publisher = try Socket(context, .xpublish)
    let endpoint = try publisher.bind(transport.freeEndpoint)
    let socket = try subscriber(context, endpoint, "a", "b")
    #expect(try publisher.next() == ["\u{1}a"])
    #expect(try publisher.next() == ["\u{1}b"])
    for topic in ["c", "a1", "", "b"] { try publisher.send(topic, "payload") }
    #expect(try socket.next() == ["a1", "payload"])
    #expect(try socket.next() == ["b", "payload"])
  }

  @Test func subscriptionsAreReportedOnceOrAlways() throws {
    for isVerbose in [false, true] {
      let context = try Context()
      var options = SocketOptions()
      options.reportsSubscriptions = isVerbose
      let publisher = try Socket(context, .xpublish, options: options)
      let endpoint = try publisher.bind(Transport.inproc.freeEndpoint)
      let first = try subscriber(context, endpoint, "a")
      #expect(try publisher.next() == ["\u{1}a"])
      let second = try subscriber(context, endpoint, "a", "z")
      #expect(try publisher.next() == (isVerbose ? ["\u{1}a"] : ["\u{1}z"]))
      try publisher.send("a")
      #expect(try first.next() == ["a"])
      #expect(try second.next() == ["a"])
    }
  }

  @Test func subscribingLater() throws {
    let context = try Context()
    let publisher = try Socket(context, .xpublish)
    let endpoint = try publisher.bind(Transport.inproc.freeEndpoint)
    let socket = try subscriber(context, endpoint)
    try socket.subscribe(Bytes())
    #expect(try publisher.next() == ["\u{1}"])
    try publisher.send("anything")
    #expect(try socket.next() == ["anything"])
  }

  @Test func plainPublisherAndExtendedSubscriber() throws {
    let context = try Context()
    let publisher = try Socket(context, .publish)
    let relay = try Socket(context, .xsubscribe)
    try relay.connect(try publisher.bind(Transport.inproc.freeEndpoint))
    try relay.send("\u{1}a")
    // The publisher processes the subscription when it sends; until then it drops messages.
    var message = Multipart()
    while try !relay.receive(into: &message) { try publisher.send("a") }
    #expect(message.texts == ["a"])
  }
}

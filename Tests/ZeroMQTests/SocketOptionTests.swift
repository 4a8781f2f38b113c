import Foundation
import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct SocketOptionTests {
  /// An inproc queue's capacity is the sum of both ends' limits.
  @Test func highWaterMarkHoldsTheSenderBack() throws {
    var options = SocketOptions()
    options.sendHighWaterMark = 2
    options.receiveHighWaterMark = 3
    let pair = try Transport.inproc.makePair(.pull, .push, serverOptions: options, clientOptions: options)
    for _ in 0..<5 { #expect(try pair.client.send("x") == .sent) }
    var message = Multipart(["a", "b"])
    let result = try pair.client.send(&message)
    #expect(result == .wouldBlock)
    #expect(message.texts == ["a", "b"])
  }

  @Test func queuesAreUnlimitedByDefault() throws {
    let pair = try Transport.inproc.makePair(.pull, .push)
    for _ in 0..<5000 {
      guard try pair.client.send("x") == .sent else {
        Issue.record("held back")
        return
      }
    }
  }

  @Test func mandatoryReportsUnknownPeers() throws {
    var options = SocketOptions()
    options.mandatory = true
    let router = try Socket(Context(), .router, options: options)
    var message = Multipart(["nobody", "x"])
    let result = try router.send(&message)
    #expect(result == .unroutable)
    #expect(message.texts == ["nobody", "x"])
  }

  @Test func unknownPeersAreDroppedWithoutMandatory() throws {
    let router = try Socket(Context(), .router)
    #expect(try router.send("nobody", "x") == .sent)
  }

  /// A newcomer with an identity in use is not heard.
  @Test func anIdentityInUseStaysWithItsOwner() throws {
    let options = SocketOptions(identity: Bytes("engine"))
    let pair = try Transport.tcp.makePair(.router, .dealer, clientOptions: options)
    try pair.client.send("first")
    #expect(try pair.server.next() == ["engine", "first"])
    let newcomer = try Socket(Context(), .dealer, options: options)
    let monitor = try SocketMonitor(pair.server, context: pair.context, name: "identity", events: .acceptances)
    try newcomer.connect(pair.endpoint)
    #expect(try monitor.sees(.accepted))
    try newcomer.send("second")
    try pair.client.send("third")
    #expect(try pair.server.next() == ["engine", "third"])
    try pair.server.send("engine", "welcome")
    #expect(try pair.client.next() == ["welcome"])
  }

  @Test func tooLargeMessagesCloseTheirConnection() throws {
    var options = SocketOptions()
    options.maxMessageSize = 100
    let pair = try Transport.tcp.makePair(.pull, .push, serverOptions: options)
    let monitor = try SocketMonitor(pair.server, context: pair.context, name: "maxMessageSize")
    try pair.client.send(String(repeating: "x", count: 100))
    #expect(try pair.server.next()?.first?.count == 100)
    try pair.client.send(String(repeating: "x", count: 101))
    #expect(try monitor.sees(.disconnected))
  }

  @Test func withoutLingerUnsentMessagesAreDropped() throws {
    var options = SocketOptions()
    options.linger = .zero
    let sender = try Socket(Context(), .push, options: options)
    try sender.connect(Transport.ipc.freeEndpoint)
    try sender.send("nobody listens")
    // Terminating the context waits for its sockets' linger time, which would exceed the suite's time limit.
  }

  @Test func lingerLetsAMessageOutAfterClosing() throws {
    let context = try Context()
    let receiver = try Socket(context, .pull)
    let endpoint = try receiver.bind(Transport.tcp.freeEndpoint)
    func sendAndClose() throws {
      var options = SocketOptions()
      options.linger = patience
      let sender = try Socket(Context(), .push, options: options)
      try sender.connect(endpoint)
      try sender.send("last words")
    }
    try sendAndClose()
    #expect(try receiver.next() == ["last words"])
  }

  @Test func everyOptionIsAccepted() throws {
    var options = SocketOptions(identity: Bytes("x"))
    options.tcpKeepaliveIdle = .seconds(30)
    options.tcpKeepaliveInterval = .seconds(2)
    options.tcpUnacknowledgedTime = .seconds(20)
    options.heartbeatInterval = .seconds(10)
    options.maxMessageSize = 1 << 40
    let pair = try Transport.tcp.makePair(.dealer, .dealer, serverOptions: options, clientOptions: options)
    try pair.client.send("x")
    #expect(try pair.server.next() == ["x"])
  }

  @Test func errorsCarryErrnoAndSubject() throws {
    let context = try Context()
    let socket = try Socket(context, .router)
    let endpoint = try socket.bind(Transport.tcp.freeEndpoint)
    let other = try Socket(context, .router)
    let error = try #require(throws: ZeroMQError.self) { try other.bind(endpoint) }
    #expect(error.isAddressInUse && error.code == EADDRINUSE)
    #expect(error.operation == "zmq_bind" && error.subject == endpoint)
    #expect("\(error)".contains(endpoint) && "\(error)".contains("errno \(EADDRINUSE)"))

    #expect(throws: ZeroMQError(code: EINVAL, operation: "zmq_connect", subject: "nonsense")) {
      try other.connect("nonsense")
    }
    #expect(throws: ZeroMQError(code: ENOENT, operation: "zmq_disconnect", subject: endpoint)) {
      try other.disconnect(endpoint)
    }
  }

  @Test func unusableOptionsAreErrors() throws {
    let context = try Context()
    let identity = SocketOptions(identity: Bytes([UInt8](repeating: 0x61, count: 256)))
    #expect(throws: ZeroMQError(code: EINVAL, operation: "zmq_setsockopt", subject: "identity")) {
      _ = try Socket(context, .dealer, options: identity)
    }
    var curve = SocketOptions()
    curve.curve = .server(CurveKeyPair(publicKey: "short", secretKey: "short"))
    #expect(throws: ZeroMQError(code: EINVAL, operation: "zmq_setsockopt", subject: "curve secret key")) {
      _ = try Socket(context, .dealer, options: curve)
    }
  }

  @Test func socketsOfAContextAreLimited() throws {
    let context = try Context(maxSockets: 1)
    let socket = try Socket(context, .dealer)
    let error = try #require(throws: ZeroMQError.self) { _ = try Socket(context, .dealer) }
    #expect(error.code == EMFILE && error.operation == "zmq_socket")
    _ = socket.lastEndpoint
  }

  @Test(arguments: [
    (Duration.zero, 0), (.seconds(-1), 0), (.nanoseconds(1), 1), (.milliseconds(5), 5), (.microseconds(5001), 6),
    (.seconds(Int64.max), Int(Int32.max)), (.seconds(3_000_000), Int(Int32.max)),
  ])
  func durationsAreRoundedUp(duration: Duration, milliseconds: Int) {
    #expect(duration.roundedUpMilliseconds == milliseconds)
  }
}

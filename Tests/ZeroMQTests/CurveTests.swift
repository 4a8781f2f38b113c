import Foundation
import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct CurveTests {
  @Test func aSecretKeyGivesItsPublicKey() throws {
    let keys = try CurveKeyPair.generate()
    #expect(keys.publicKey.utf8.count == 40 && keys.secretKey.utf8.count == 40)
    #expect(try CurveKeyPair(secretKey: keys.secretKey) == keys)
    #expect(try CurveKeyPair.generate() != keys)
  }

  /// libzmq decodes a key of any length into a buffer sized for a valid key, so invalid lengths must be rejected first.
  @Test(arguments: ["", "short", String(repeating: "a", count: 35), String(repeating: "a", count: 4000)])
  func keysOfAnotherLengthAreRefused(text: String) {
    #expect(throws: ZeroMQError(code: EINVAL, operation: "zmq_curve_public")) { try CurveKeyPair(secretKey: text) }
  }

  @Test func charactersOutsideZ85AreRefused() {
    #expect(throws: ZeroMQError.self) { try CurveKeyPair(secretKey: String(repeating: "\"", count: 40)) }
  }

  @Test func theRightKeySucceeds() throws {
    let pair = try Transport.curve.makePair(.pull, .push)
    let monitor = try SocketMonitor(pair.server, context: pair.context, name: "right key")
    try pair.client.send("x")
    #expect(try pair.server.next() == ["x"])
    #expect(try monitor.sees(.handshakeSucceeded))
  }

  @Test(arguments: [true, false]) func aWrongOrMissingKeyFails(hasKey: Bool) throws {
    let context = try Context()
    var options = SocketOptions()
    options.curve = .server(try .generate())
    let server = try Socket(context, .pull, options: options)
    let endpoint = try server.bind(Transport.tcp.freeEndpoint)
    let monitor = try SocketMonitor(server, context: context, name: "wrong key \(hasKey)")

    var clientOptions = SocketOptions()
    clientOptions.linger = .zero
    if hasKey {
      clientOptions.curve = .client(try .generate(), serverKey: try CurveKeyPair.generate().publicKey)
    }
    let client = try Socket(context, .push, options: clientOptions)
    try client.connect(endpoint)
    #expect(try monitor.sees(.handshakeFailed))
    var message = Multipart()
    let came = try server.receive(into: &message)
    #expect(!came)
  }
}

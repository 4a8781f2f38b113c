import Logging
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

/// How a relay's socket handles messages that are refused or can't be sent.
@Suite struct RelaySocketTests {
  static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// A socket on which every send fails because SUB sockets can't send.
  static func broken() throws -> RelaySocket {
    RelaySocket(try Socket(Context(), .subscribe), name: "broken", logger: silent)
  }

  @Test func aFailedSendIsReportedAndLeavesTheMessage() throws {
    let socket = try Self.broken()
    var message = Multipart()
    message.append("payload")
    for _ in 0..<100 { #expect(socket.send(&message) == nil) }
    #expect(message.count == 1 && message.text(at: 0) == "payload")
  }

  @Test func aMessageToAnUnknownIdentityIsUnroutableAndStays() throws {
    var options = SocketOptions()
    options.mandatory = true
    let socket = RelaySocket(try Socket(Context(), .router, options: options), name: "out", logger: Self.silent)
    var message = Multipart()
    message.append("nobody")
    message.append("payload")
    #expect(socket.send(&message) == .unroutable)
    #expect(message.count == 2)
  }

  @Test func aRefusedMessageDoesNotAffectTheNext() throws {
    let context = try Context()
    let socket = RelaySocket(try Socket(context, .pull), name: "in", logger: Self.silent)
    try socket.socket.bind("inproc://refused")
    let sender = try Socket(context, .push)
    try sender.connect("inproc://refused")
    for number in 0..<70 {
      var message = Multipart()
      message.append(Bytes("\(number)"))
      #expect(try sender.send(&message) == .sent)
    }
    var handled: [String] = []
    func drain() {
      socket.drain { (message) throws(WireError) in
        let text = message.text(at: 0)
        guard text != "1" else { throw WireError(.unknown, text) }
        handled.append(text)
      }
    }
    drain()
    #expect(handled.count == 63)
    drain()
    #expect(handled == (0..<70).filter { $0 != 1 }.map(String.init))
  }
}

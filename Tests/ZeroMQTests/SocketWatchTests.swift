import Foundation
import Testing

@testable import MartletZeroMQ

@Suite(.timeLimit(.minutes(1))) struct SocketWatchTests {
  @Test func onlyConnectionsThatWereReadyCanBreak() {
    var connections = SocketWatch.Connections()
    #expect(connections.change(by: .disconnected) == nil)
    #expect(connections.change(by: .connected) == nil)
    #expect(connections.change(by: .handshakeSucceeded) == .connected)
    #expect(connections.change(by: .handshakeSucceeded) == .connected)
    #expect(connections.change(by: .disconnected) == .broke)
    #expect(connections.change(by: .disconnected) == .broke)
    #expect(connections.change(by: .disconnected) == nil)
    #expect(connections.change(by: .handshakeFailed) == nil)
  }

  /// libzmq waits in its I/O thread for the reader of an event, and with it would all sockets of the context.
  @Test func aClosedSocketThatStillDeliversReportsToNobody() throws {
    let context = try Context()
    let endpoint = "ipc:///tmp/closed-\(UUID().uuidString.prefix(8))"
    func sendAndClose() throws {
      var options = SocketOptions()
      options.linger = patience
      let client = try Socket(context, .push, options: options)
      let watch = try SocketWatch.watch(client, context: context, name: "closed")
      try client.connect(endpoint)
      try client.send("first")
      _ = consume client
      withExtendedLifetime(watch) {}
    }
    try sendAndClose()
    let server = try Socket(context, .pull)
    try server.bind(endpoint)
    #expect(try server.next() == ["first"])
    let other = try Socket(context, .push)
    try other.connect(endpoint)
    try other.send("second")
    #expect(try server.next() == ["second"])
  }
}

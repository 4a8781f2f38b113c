import Foundation
import Testing

@testable import MartletZeroMQ

extension SocketMonitor {
  /// Returns whether an event of this kind arrives, possibly after other events.
  borrowing func sees(_ kind: SocketEvent.Kind) throws -> Bool {
    while let event = try next(timeout: patience) {
      if event.kind == kind { return true }
    }
    return false
  }
}

@Suite(.timeLimit(.minutes(1))) struct SocketMonitorTests {
  @Test func connectionsAreReported() throws {
    let context = try Context()
    let server = try Socket(context, .pull)
    let monitor = try SocketMonitor(server, context: context, name: "connections")
    #expect(try monitor.next() == nil)
    let endpoint = try server.bind(Transport.tcp.freeEndpoint)
    let listening = try #require(try monitor.next(timeout: patience))
    #expect(listening.kind == .listening && listening.endpoint == endpoint)
    func connectAndClose() throws {
      let client = try Socket(context, .push)
      try client.connect(endpoint)
      try client.send("x")
      #expect(try server.next() == ["x"])
    }
    try connectAndClose()
    for kind in [SocketEvent.Kind.accepted, .handshakeSucceeded, .disconnected] { #expect(try monitor.sees(kind)) }
  }

  @Test func namesAreUnique() throws {
    let context = try Context()
    let first = try Socket(context, .pull)
    let second = try Socket(context, .pull)
    let monitor = try SocketMonitor(first, context: context, name: "taken")
    let error = try #require(throws: ZeroMQError.self) {
      _ = try SocketMonitor(second, context: context, name: "taken")
    }
    #expect(error.isAddressInUse && error.subject == "inproc://monitor-taken")
    #expect(try monitor.next() == nil)
  }

  /// A released monitor must not block the socket it watched.
  @Test func theSocketGoesOnWithoutItsMonitor() throws {
    let context = try Context()
    let server = try Socket(context, .pull)
    func watch() throws {
      let monitor = try SocketMonitor(server, context: context, name: "short-lived")
      #expect(try monitor.next() == nil)
    }
    try watch()
    let endpoint = try server.bind(Transport.tcp.freeEndpoint)
    for round in 0..<3 {
      let client = try Socket(context, .push)
      try client.connect(endpoint)
      try client.send("\(round)")
      #expect(try server.next() == ["\(round)"])
    }
  }
}

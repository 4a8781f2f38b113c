import Testing

@testable import MartletZeroMQ

@Suite struct SocketWatchTests {
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
}

import Testing

@testable import MartletWire

@Suite struct ConnectionInfoHostTests {
  @Test func whatPeersMakeOfAnInterface() throws {
    func seen(_ interface: String, location: String = "") -> String {
      var info = ConnectionInfo(kind: .client, interface: interface)
      info.location = location
      return info.resolvingHost().interface
    }
    #expect(seen("tcp://*", location: "localhost") == "tcp://127.0.0.1")
    #expect(seen("tcp://*", location: "127.0.0.1") == "tcp://127.0.0.1")
    #expect(seen("tcp://*", location: "::1") == "tcp://127.0.0.1")
    #expect(seen("tcp://*", location: "192.0.2.77") == "tcp://192.0.2.77")
    #expect(seen("tcp://*", location: "2001:db8::77") == "tcp://[2001:db8::77]")
    #expect(seen("tcp://*", location: "no-such-host.invalid") == "tcp://no-such-host.invalid")
    #expect(seen("tcp://*") == "tcp://127.0.0.1")
    #expect(seen("tcp://localhost") == "tcp://localhost")
    #expect(seen("tcp://[::1]") == "tcp://[::1]")
    #expect(seen("tcp://no-such-host.invalid") == "tcp://no-such-host.invalid")
    #expect(seen("ipc:///tmp/x") == "ipc:///tmp/x")
  }
}

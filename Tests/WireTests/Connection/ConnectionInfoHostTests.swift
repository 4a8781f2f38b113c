import Testing

@testable import MartletWire

@Suite struct ConnectionInfoHostTests {
  @Test(arguments: [
    ("tcp://127.0.0.1", false), ("tcp://127.0.0.2", false), ("tcp://[::1]", false), ("tcp://localhost", false),
    ("ipc:///tmp/s", false), ("inproc://a", false), ("tcp://*", true), ("tcp://10.0.0.1", true), ("tcp://[::]", true),
    ("tcp://node1", true),
  ])
  func onlyLoopbackIsUnreachableForOthers(interface: String, isExposed: Bool) {
    var info = ConnectionInfo(kind: .client, interface: interface)
    #expect((info.exposure != nil) == isExposed)
    info.curveServerKey = "key"
    #expect(info.exposure == nil)
  }

  @Test func tunnelsAreMadeWhereTheyAreNeeded() {
    func route(ssh: String = "", location: String, asked: String? = nil) -> ConnectionInfo {
      var info = ConnectionInfo(kind: .client, interface: "tcp://*")
      (info.ssh, info.location) = (ssh, location)
      return info.routed(through: asked)
    }
    #expect(route(location: "192.0.2.77").ssh.isEmpty)
    #expect(route(location: "192.0.2.77").interface == "tcp://192.0.2.77")
    #expect(route(ssh: "login", location: "192.0.2.77").ssh == "login")
    // The other network's names are not looked up here.
    #expect(route(ssh: "login", location: "192.0.2.77").interface == "tcp://*")
    #expect(route(ssh: "login", location: "192.0.2.77").remoteInterface == "tcp://192.0.2.77")
    #expect(route(ssh: "login", location: "").ssh == "login")
    #expect(route(ssh: "login", location: "127.0.0.1").ssh.isEmpty)
    #expect(route(ssh: "login", location: "127.0.0.1").interface == "tcp://127.0.0.1")
    #expect(route(ssh: "login", location: ProcessIdentity.hostName).ssh.isEmpty)
    #expect(route(ssh: "login", location: "127.0.0.1", asked: "other").ssh == "other")
    #expect(route(ssh: "login", location: "192.0.2.77", asked: "").ssh.isEmpty)
  }

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

import Testing

@testable import MartletWire

@Suite struct HostAddressTests {
  @Test func numbersAreTheirOwnAddress() throws {
    #expect(try HostAddress.resolve("127.0.0.1").map(\.text) == ["127.0.0.1"])
    for host in ["::1", "[::1]", "0:0:0:0:0:0:0:1"] {
      let address = try #require(try HostAddress.resolve(host).first)
      #expect(address.text == "::1" && address.isIPv6 && address.urlHost == "[::1]" && address.isLoopback)
    }
  }

  @Test func aNameMayHaveSeveralIPv4First() throws {
    let addresses = try HostAddress.resolve("localhost")
    #expect(addresses.first?.text == "127.0.0.1")
    #expect(Set(addresses).count == addresses.count && addresses.allSatisfy(\.isLoopback))
  }

  @Test(arguments: ["127.0.0.1", "::1"]) func loopbackIsLocal(text: String) throws {
    #expect(try HostAddress.resolve(text).allSatisfy(\.isLocal))
  }

  @Test(arguments: ["192.0.2.77", "2001:db8::77"]) func addressesForDocumentationAreNot(text: String) throws {
    #expect(try !HostAddress.resolve(text).contains(where: \.isLocal))
  }

  @Test func unknownNamesAreErrors() {
    #expect(throws: ConnectionError.self) { try HostAddress.resolve("no-such-host.invalid") }
    #expect(HostAddress.ofInterface("no-such-interface") == [])
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

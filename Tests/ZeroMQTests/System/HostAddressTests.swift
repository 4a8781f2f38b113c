import Testing

@testable import MartletZeroMQ

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
    #expect(throws: HostLookupError.self) { try HostAddress.resolve("no-such-host.invalid") }
    #expect(HostAddress.ofInterface("no-such-interface") == [])
  }
}

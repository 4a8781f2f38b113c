import Foundation
import MartletWire
import MartletZeroMQ
import Testing

@testable import MartletController

@Suite struct ListeningAddressTests {
  private func address(_ ip: String) throws -> ListeningAddress {
    try ListeningAddress(.init(transport: "tcp", ip: ip), option: "--ip")
  }

  private static let loopback = ProcessInfo.processInfo.operatingSystemVersionString.contains("macOS") ? "lo0" : "lo"

  @Test(arguments: [
    ("127.0.0.1", "tcp://127.0.0.1", "tcp://127.0.0.1"), ("localhost", "tcp://127.0.0.1", "tcp://127.0.0.1"),
    (loopback, "tcp://127.0.0.1", "tcp://127.0.0.1"), ("::1", "tcp://[::1]", "tcp://[::1]"),
    ("[::1]", "tcp://[::1]", "tcp://[::1]"), ("*", "tcp://*", "tcp://*"), ("0.0.0.0", "tcp://*", "tcp://*"),
    ("::", "tcp://[::]", "tcp://*"), ("[::]", "tcp://[::]", "tcp://*"),
  ])
  func resolves(ip: String, bound: String, published: String) throws {
    let address = try address(ip)
    #expect(address.url == bound && address.publishedURL == published)
  }

  @Test func theHostsOwnNameResolvesToANumber() throws {
    let address = try address(ProcessIdentity.hostName)
    #expect(try HostAddress.resolve(ProcessIdentity.hostName).map { "tcp://\($0.urlHost)" }.contains(address.url))
    #expect(address.publishedURL == address.url)
  }

  @Test(arguments: ["no-such-host.invalid", "", "1.2.3.4.5", "[::1", "a b"])
  func namesTheOptionOfAnUnknownName(ip: String) {
    let error = #expect(throws: ConnectionError.self) { try address(ip) }
    #expect(error?.description.hasPrefix("--ip=\(ip): no address is known for this name (") == true)
  }

  @Test(arguments: ["192.0.2.77", "2001:db8::77"]) func namesTheOptionOfAForeignAddress(ip: String) {
    #expect(
      throws: ConnectionError(
        "--ip=\(ip): this is not an address of this machine; give one of its own, or * for all")
    ) { try address(ip) }
  }

  @Test func otherTransportsStayAsTheyAre() throws {
    let address = try ListeningAddress(.init(transport: "ipc", ip: "/tmp/x"), option: "--ip")
    #expect(address.url == "ipc:///tmp/x" && address.publishedURL == address.url)
  }

  @Test(arguments: [
    ("*", "127.0.0.1", true), ("*", "::1", false), ("::", "127.0.0.1", true), ("::", "::1", true),
    ("127.0.0.1", "*", false), ("localhost", "127.0.0.1", true), ("::1", "127.0.0.1", false),
  ])
  func covers(first: String, second: String, isCovered: Bool) throws {
    #expect(try address(first).covers(address(second)) == isCovered)
  }
}

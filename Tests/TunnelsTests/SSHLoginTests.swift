import MartletWire
import Testing

@testable import MartletTunnels

@Suite struct SSHLoginTests {
  @Test(arguments: [
    ("login", "login", nil), ("ada@login", "ada@login", nil), ("ada@login:2222", "ada@login", 2222),
    ("ada@[fe80::1]", "ada@fe80::1", nil), ("ada@[fe80::1]:22", "ada@fe80::1", 22), ("fe80::1", "fe80::1", nil),
  ])
  func isReadAsIpyparallelDoes(text: String, name: String, port: Int?) throws {
    let login = try SSHLogin(text)
    #expect(login.name == name && login.port == port)
    #expect(login.arguments == (port.map { ["-p", "\($0)"] } ?? []) + ["--", name])
  }

  @Test(arguments: ["", " ", "-oProxyCommand=x", "a b", "login:0", "login:x", "login:65536", "login:"])
  func whatSSHWouldMisunderstandIsRefused(text: String) {
    #expect(throws: ConnectionError.self) { try SSHLogin(text) }
  }
}

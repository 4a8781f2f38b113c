import MartletWire
import Testing

@testable import MartletTunnels

@Suite struct TunnelRouteTests {
  private func connection(_ interface: String, location: String = "node7") -> ConnectionInfo {
    var info = ConnectionInfo(kind: .engine, interface: interface)
    info.location = location
    info.ssh = "login"
    info.ports = [.registration: [5000], .mux: [5001], .broadcast: [5002, 5003], .control: [5001]]
    return info
  }

  @Test func eachPortHasOneSocket() throws {
    let route = try TunnelRoute(to: connection("tcp://10.0.0.7"), folder: "/tmp/t")
    #expect(route.forwards.map(\.path) == ["/tmp/t/s-5000", "/tmp/t/s-5001", "/tmp/t/s-5002", "/tmp/t/s-5003"])
    #expect(route.forwards.map(\.target) == ["10.0.0.7:5000", "10.0.0.7:5001", "10.0.0.7:5002", "10.0.0.7:5003"])
    #expect(try route.local.endpoints(.broadcast) == ["ipc:///tmp/t/s-5002", "ipc:///tmp/t/s-5003"])
    #expect(route.local.ssh.isEmpty && route.destination == "tcp://10.0.0.7")
  }

  @Test(arguments: [
    ("tcp://*", "node7", "node7:5000"), ("tcp://0.0.0.0", "", "localhost:5000"),
    ("tcp://*", "fd00::7", "[fd00::7]:5000"),
    ("tcp://[fd00::7]", "node7", "[fd00::7]:5000"), ("tcp://127.0.0.1", "node7", "127.0.0.1:5000"),
    ("ipc:///tmp/martlet-0-x/s", "node7", "/tmp/martlet-0-x/s-5000"),
  ])
  func addressesAreThoseOfTheLoginsNetwork(interface: String, location: String, target: String) throws {
    let route = try TunnelRoute(to: connection(interface, location: location), folder: "/tmp/t")
    #expect(route.forwards.first?.target == target)
  }

  @Test(arguments: ["inproc://x", "tcp://", "ipc://", "udp://10.0.0.1", "ipc:///tmp/a:b", "tcp:10.0.0.1"])
  func whatSSHCannotForwardIsRefused(interface: String) {
    #expect(throws: ConnectionError.self) { try TunnelRoute(to: connection(interface), folder: "/tmp/t") }
  }

  @Test func sshAsksNothingAndSharesNoConnection() throws {
    let route = try TunnelRoute(to: connection("tcp://10.0.0.7"), folder: "/tmp/t")
    let command = route.command(through: try SSHLogin("ada@login:2222"), key: "/home/ada/key")
    #expect(command.starts(with: ["ssh", "-N", "-T", "-S", "none", "-o", "BatchMode=yes"]))
    #expect(command.suffix(6) == ["-L", "/tmp/t/s-5003:10.0.0.7:5003", "-p", "2222", "--", "ada@login"])
    #expect(command.contains("/home/ada/key") && command.count(where: { $0 == "-L" }) == 4)
    #expect(!route.command(through: try SSHLogin("login")).contains("-i"))
  }
}

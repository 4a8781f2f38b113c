import MartletZeroMQ

extension ConnectionInfo {
  /// The interfaces that stand for all addresses of a host.
  private static let wildcards: Set<String> = ["tcp://*", "tcp://0.0.0.0", "tcp://[::]", "tcp://::"]

  /// The interface with a wildcard replaced by an address that can be connected to: loopback on the controller's own
  /// host, else its location.
  var connectableInterface: String {
    guard Self.wildcards.contains(interface) else { return interface }
    guard !location.isEmpty, location != ProcessIdentity.hostName else { return "tcp://127.0.0.1" }
    return remoteInterface
  }

  /// The interface as seen from another host: a wildcard becomes the controller's location.
  package var remoteInterface: String {
    guard Self.wildcards.contains(interface) else { return interface }
    guard !location.isEmpty else { return "tcp://localhost" }
    return "tcp://\(location.contains(":") && !location.hasPrefix("[") ? "[\(location)]" : location)"
  }

  /// Whether the controller runs on this machine, by its location.
  private var isOnThisMachine: Bool {
    guard !location.isEmpty else { return false }
    return location == ProcessIdentity.hostName
      || (try? HostAddress.resolve(location))?.contains { $0.isLocal } ?? false
  }

  /// The connection as this machine uses it. Its ``ssh`` is the host to tunnel through, and its addresses are those of
  /// that host's network; or it is empty, and the addresses are resolved as by ``resolvingHost()``.
  ///
  /// As in ipyparallel, a tunnel that only the connection file asks for is left out on the controller's own machine.
  ///
  /// - Parameter ssh: the host to tunnel through whatever the file says; empty for a direct connection.
  package func routed(through ssh: String?) -> ConnectionInfo {
    var routed = self
    routed.ssh = ssh ?? (self.ssh.isEmpty || isOnThisMachine ? "" : self.ssh)
    return routed.ssh.isEmpty ? routed.resolvingHost() : routed
  }

  /// The connection as seen from this machine, with names looked up by ipyparallel's rules: a wildcard becomes loopback
  /// if the location is any name or address of this machine. A name that has IPv6 addresses only becomes one of them;
  /// others stay, as libzmq looks them up again whenever it connects.
  ///
  /// Looking up names may block for as long as the system's resolver takes.
  public func resolvingHost() -> ConnectionInfo {
    guard transport == "tcp" else { return self }
    var resolved = self
    resolved.interface = connectableInterface
    let host = String(resolved.interface.dropFirst("tcp://".count))
    guard let addresses = try? HostAddress.resolve(host), let first = addresses.first else { return resolved }
    if Self.wildcards.contains(interface), addresses.contains(where: \.isLocal) {
      resolved.interface = "tcp://127.0.0.1"
    } else if first.isIPv6 {
      resolved.interface = "tcp://\(first.urlHost)"
    }
    return resolved
  }
}

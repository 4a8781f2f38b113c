import MartletWire

/// What a tunnel forwards: sockets in a private folder of this machine, one for each port of the controller. A value:
/// ``Tunnel`` has ssh do it.
///
/// Sockets have no port that another program could take or use: only this user can enter their folder.
struct TunnelRoute: Sendable, Hashable {
  /// A socket of this machine, and what ssh connects those with who connect to it.
  struct Forward: Sendable, Hashable {
    /// The path of the socket.
    let path: String
    /// `host:port`, or the path of a socket, as seen from the host of the login.
    let target: String
  }

  /// The connection by way of the sockets.
  let local: ConnectionInfo
  /// The sockets, by path.
  let forwards: [Forward]
  /// The controller's address, for messages.
  let destination: String

  /// The forwards for a controller.
  ///
  /// - Parameters:
  ///   - info: the connection, with its addresses as in the file.
  ///   - folder: the folder for the sockets.
  /// - Throws: `ConnectionError` for a transport that ssh doesn't forward.
  init(to info: ConnectionInfo, folder: String) throws(ConnectionError) {
    let remote = info.remoteInterface
    let parts = remote.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, ["tcp", "ipc"].contains(parts[0]), parts[1].hasPrefix("//"), parts[1].count > 2 else {
      throw ConnectionError("\(info.interface) can't be reached through ssh, which forwards tcp and ipc")
    }
    let address = String(parts[1].dropFirst(2))
    guard parts[0] == "tcp" || !address.contains(":") else {
      throw ConnectionError("\(info.interface) can't be reached through ssh, which takes no colons in paths")
    }
    var local = info
    local.interface = "ipc://\(folder)/s"
    local.ssh = ""
    self.local = local
    destination = remote
    forwards = Set(info.ports.values.joined()).sorted().map { number in
      let target = ConnectionInfo.endpoint(interface: remote, number: number)
      return Forward(path: "\(folder)/s-\(number)", target: String(target.dropFirst("\(parts[0])://".count)))
    }
  }

  /// Options that nobody but the user's own may override: no questions, which nobody could answer; a connection that is
  /// cut off ends; nothing of the user's configuration that is meant for a terminal; forwards of that configuration may
  /// fail; a connection of its own, because others would keep the forwards.
  private static let options = [
    "-N", "-T", "-S", "none", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "-o", "ServerAliveInterval=5", "-o",
    "ServerAliveCountMax=3", "-o", "ExitOnForwardFailure=no", "-o", "StreamLocalBindUnlink=yes", "-o",
    "RemoteCommand=none",
  ]

  /// ssh with its arguments.
  ///
  /// - Parameter key: the file of a key for ssh; `nil` for those of its configuration and agent.
  func command(through login: SSHLogin, key: String? = nil) -> [String] {
    ["ssh"] + Self.options + (key.map { ["-i", $0] } ?? []) + forwards.flatMap { ["-L", "\($0.path):\($0.target)"] }
      + login.arguments
  }
}

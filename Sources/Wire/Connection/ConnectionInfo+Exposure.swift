import MartletZeroMQ

extension ConnectionInfo {
  /// What it means that other machines can reach the controller and nothing is encrypted; `nil` if that isn't so.
  public var exposure: String? {
    guard curveServerKey == nil, Self.isExposed(interface) else { return nil }
    return """
      \(interface) can be reached from other machines, without CURVE (--no-curve): whoever can read the network between \
      them sees all code, arguments and results, and whoever can change what passes there can run code on the engines and \
      in the clients. Leave --no-curve out to encrypt and authenticate everything.
      """
  }

  /// Whether other machines can reach an interface: `tcp` at any address but those of loopback.
  package static func isExposed(_ interface: String) -> Bool {
    guard interface.hasPrefix("tcp://") else { return false }
    let host = interface.dropFirst("tcp://".count)
    return !(host == "localhost" || host.hasPrefix("127.") || host == "[::1]" || host == "::1")
  }
}

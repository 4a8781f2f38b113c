import MartletWire
import MartletZeroMQ

/// The address that the sockets of one side are bound to, and its form in the connection file.
struct ListeningAddress: Sendable, Hashable {
  /// `tcp`, `ipc` or `inproc`.
  let transport: String
  /// The prefix of the endpoints to bind, for example `tcp://127.0.0.1`.
  let url: String
  /// The interface in the connection file: an address that peers can connect to, or `tcp://*`, which they replace by
  /// loopback or the file's location.
  let publishedURL: String

  private static let anyIPv4 = "tcp://*"
  private static let anyIPv6 = "tcp://[::]"

  /// Looks up the address of an interface: a numeric address, the name of a host or network interface, `*` or `0.0.0.0`
  /// for all IPv4 addresses, or `::` for all IPv4 and IPv6 addresses.
  ///
  /// libzmq 4.3.4 binds to numeric addresses and network interfaces only.
  ///
  /// - Parameter option: the option to name in errors.
  /// - Throws: ``ConnectionError`` if the name is unknown or none of its addresses belongs to this machine.
  init(_ interface: ControllerConfiguration.Interface, option: String) throws(ConnectionError) {
    transport = interface.transport
    guard transport == "tcp" else {
      (url, publishedURL) = (interface.url, interface.url)
      return
    }
    switch interface.ip {
    case "*", "0.0.0.0": (url, publishedURL) = (Self.anyIPv4, Self.anyIPv4)
    // Publish the wildcard that ipyparallel's peers know. They reach an IPv6 wildcard over IPv4.
    case "::", "[::]": (url, publishedURL) = (Self.anyIPv6, Self.anyIPv4)
    default:
      let address = try Self.address(interface.ip, option: "\(option)=\(interface.ip)")
      url = "tcp://\(address.urlHost)"
      publishedURL = url
    }
  }

  private static func address(_ host: String, option: String) throws(ConnectionError) -> HostAddress {
    var addresses = HostAddress.ofInterface(host)
    if addresses.isEmpty {
      do {
        addresses = try HostAddress.resolve(host)
      } catch {
        throw ConnectionError("\(option): no address is known for this name (\(error)); give an address or *")
      }
    }
    guard let address = addresses.first(where: \.isLocal) else {
      let known = addresses.map(\.text).joined(separator: ", ")
      let subject = known == host ? "this" : known
      throw ConnectionError(
        "\(option): \(subject) is not an address of this machine; give one of its own, or * for all")
    }
    return address
  }

  /// Whether a socket bound to this address can be reached at the other one too.
  func covers(_ other: ListeningAddress) -> Bool {
    self == other
      || other.transport == "tcp" && (url == Self.anyIPv6 || url == Self.anyIPv4 && !other.url.contains("["))
  }
}

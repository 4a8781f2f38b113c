import Foundation

/// A numeric IP address.
package struct HostAddress: Sendable, Hashable {
  /// The address as text without brackets, for example `127.0.0.1`, `::1` or `fe80::1%eth0`.
  package let text: String
  /// Whether it is an IPv6 address.
  package let isIPv6: Bool

  /// The address as it appears in an endpoint: IPv6 in brackets.
  package var urlHost: String { isIPv6 ? "[\(text)]" : text }

  /// Whether only this machine reaches it.
  package var isLoopback: Bool { isIPv6 ? text == "::1" : text.hasPrefix("127.") }

  private var isLinkLocal: Bool { isIPv6 && text.lowercased().hasPrefix("fe80:") }

  /// The addresses of a host, IPv4 first because ipyparallel's peers connect to nothing else, link-local ones last.
  ///
  /// - Parameter host: a name or a number, with or without the brackets of a URL.
  /// - Throws: ``HostLookupError`` with the resolver's reason when there is no such host.
  package static func resolve(_ host: String) throws(HostLookupError) -> [HostAddress] {
    let name = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    var hints = addrinfo()
    // One entry for each address instead of one for each kind of socket.
    hints.ai_protocol = Int32(IPPROTO_TCP)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(name, nil, &hints, &list)
    guard status == 0 else { throw HostLookupError(description: String(cString: gai_strerror(status))) }
    defer { freeaddrinfo(list) }
    var found: [HostAddress] = []
    var next = list
    while let entry = next?.pointee {
      if let address = HostAddress(entry.ai_addr), !found.contains(address) { found.append(address) }
      next = entry.ai_next
    }
    return found.sorted { $0.rank < $1.rank }
  }

  /// The addresses of a network interface of this machine, in the order of ``resolve(_:)``; empty if there is none.
  package static func ofInterface(_ name: String) -> [HostAddress] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var found: [HostAddress] = []
    var next = list
    while let entry = next?.pointee {
      if String(cString: entry.ifa_name) == name, let address = HostAddress(entry.ifa_addr) { found.append(address) }
      next = entry.ifa_next
    }
    return found.sorted { $0.rank < $1.rank }
  }

  /// Whether the address belongs to this machine: whether a socket can be bound to it.
  package var isLocal: Bool {
    var hints = addrinfo()
    hints.ai_flags = AI_NUMERICHOST
    hints.ai_protocol = Int32(IPPROTO_TCP)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(text, "0", &hints, &list) == 0, let entry = list?.pointee else { return false }
    defer { freeaddrinfo(list) }
    let descriptor = socket(entry.ai_family, entry.ai_socktype, entry.ai_protocol)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return bind(descriptor, entry.ai_addr, entry.ai_addrlen) == 0
  }

  private var rank: Int { isLinkLocal ? 2 : (isIPv6 ? 1 : 0) }

  private init?(_ address: UnsafeMutablePointer<sockaddr>?) {
    guard let address else { return nil }
    let size: Int
    switch Int32(address.pointee.sa_family) {
    case AF_INET: (size, isIPv6) = (MemoryLayout<sockaddr_in>.size, false)
    case AF_INET6: (size, isIPv6) = (MemoryLayout<sockaddr_in6>.size, true)
    default: return nil
    }
    var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let status = getnameinfo(
      address, socklen_t(size), &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST)
    guard status == 0 else { return nil }
    text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// A host that can't be found.
package struct HostLookupError: Error, Hashable, CustomStringConvertible {
  /// The resolver's reason.
  package let description: String
}

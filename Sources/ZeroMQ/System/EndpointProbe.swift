import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Finds out whether anything listens at an address of this host.
package enum EndpointProbe {
  /// Whether a connection to `tcp://ADDRESS:PORT` or `ipc://PATH` is accepted within half a second.
  package static func answers(_ endpoint: String) -> Bool {
    if endpoint.hasPrefix("ipc://") { return answers(path: String(endpoint.dropFirst("ipc://".count))) }
    guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return false }
    let host = endpoint[..<colon].dropFirst("tcp://".count).trimmingCharacters(in: ["[", "]"])
    return answers(host: host, port: String(endpoint[endpoint.index(after: colon)...]))
  }

  private static func answers(path: String) -> Bool {
    var address = sockaddr_un()
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return withUnsafeBytes(of: &address) { connects(AF_UNIX, $0) }
  }

  private static func answers(host: String, port: String) -> Bool {
    var hints = addrinfo()
    // Numbers only: a name server may take its time.
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, port, &hints, &found) == 0, let first = found else { return false }
    defer { freeaddrinfo(found) }
    return connects(
      first.pointee.ai_family,
      UnsafeRawBufferPointer(start: first.pointee.ai_addr, count: Int(first.pointee.ai_addrlen)))
  }

  private static func connects(_ family: Int32, _ address: UnsafeRawBufferPointer) -> Bool {
    #if os(Linux)
      let type = Int32(SOCK_STREAM.rawValue)
    #else
      let type = SOCK_STREAM
    #endif
    let descriptor = socket(family, type, 0)
    guard descriptor >= 0, let start = address.baseAddress else { return false }
    defer { close(descriptor) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    let result = connect(descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(address.count))
    if result == 0 { return true }
    guard errno == EINPROGRESS else { return false }
    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&waiting, 1, 500) == 1 else { return false }
    var failure: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0
  }
}

import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A look at the connections that libzmq has accepted, and their end. libzmq offers neither: it tells only their
/// descriptors, in ``SocketEvent/value``.
///
/// A descriptor may have been closed, and given to something else, since it was reported. Nothing is done to what is no
/// socket; a connection that is ended by mistake is one that its peer makes anew.
package enum AcceptedConnection {
  /// What has passed through a connection so far, in bytes.
  package struct Traffic: Sendable, Hashable {
    /// What the peer has sent.
    package var received: UInt64
    /// What the peer's system has acknowledged.
    package var acknowledged: UInt64
    /// What waits in this system's memory for the peer.
    package var waiting: Int
    /// How long ago the peer's system acknowledged anything, be it a probe.
    package var silence: Duration

    /// What was sent to the peer.
    package var sent: UInt64 { acknowledged + UInt64(max(waiting, 0)) }

    package init(received: UInt64 = 0, acknowledged: UInt64 = 0, waiting: Int = 0, silence: Duration = .zero) {
      self.received = received
      self.acknowledged = acknowledged
      self.waiting = waiting
      self.silence = silence
    }
  }

  /// Reads the counters of a TCP connection; `nil` for anything else, and on systems other than Linux.
  package static func traffic(_ descriptor: Int32) -> Traffic? {
    #if os(Linux)
      // `struct tcp_info` of Linux, whose fields keep their places: tcpi_last_ack_recv in milliseconds,
      // tcpi_bytes_acked and tcpi_bytes_received.
      let (lastAcknowledgement, acknowledged, received, end) = (56, 120, 128, 136)
      return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { info in
        var size = socklen_t(info.count)
        guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, info.baseAddress, &size) == 0, size >= end else {
          return nil
        }
        guard let waiting = waiting(descriptor) else { return nil }
        return Traffic(
          received: info.load(fromByteOffset: received, as: UInt64.self),
          acknowledged: info.load(fromByteOffset: acknowledged, as: UInt64.self), waiting: waiting,
          silence: .milliseconds(info.load(fromByteOffset: lastAcknowledgement, as: UInt32.self)))
      }
    #else
      return nil
    #endif
  }

  /// The bytes that wait in this system's memory for the peer of a TCP or Unix connection; `nil` for anything else, and on
  /// systems other than Linux.
  package static func waiting(_ descriptor: Int32) -> Int? {
    #if os(Linux)
      var waiting: Int32 = 0
      return ioctl(descriptor, UInt(TIOCOUTQ), &waiting) == 0 ? Int(waiting) : nil
    #else
      return nil
    #endif
  }

  /// Ends a connection in both directions. libzmq notices, and the peer connects again if it wants to.
  package static func end(_ descriptor: Int32) {
    #if os(Linux)
      _ = shutdown(descriptor, Int32(SHUT_RDWR))
    #else
      _ = shutdown(descriptor, SHUT_RDWR)
    #endif
  }
}

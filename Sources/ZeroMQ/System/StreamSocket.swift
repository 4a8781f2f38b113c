#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One end of a pair of connected stream sockets, between this process and a child. Calls block.
///
/// Any thread may use it, though each direction by one at a time: whoever sends or receives whole messages sees to that.
package final class StreamSocket: Sendable {
  /// For polls. It is open while this object lives.
  package let descriptor: Int32

  /// The size asked for the buffers in the kernel, so that a large message needs few switches between the processes. The
  /// kernel gives less where its limit is lower.
  private static let bufferSize: Int32 = 4 << 20
  /// The most pieces one call sends; POSIX guarantees 16, Linux and macOS take 1,024.
  private static let pieceLimit = 512

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Makes a pair. Neither end is inherited by a program that is executed.
  ///
  /// - Throws: the errno when the process is out of descriptors.
  package static func pair() throws(ZeroMQError) -> (StreamSocket, StreamSocket) {
    var ends: [Int32] = [-1, -1]
    #if os(Linux)
      let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw ZeroMQError(code: errno, operation: "socketpair") }
    for end in ends {
      #if !os(Linux)
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        var yes: Int32 = 1
        _ = setsockopt(end, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
      #endif
      for option in [SO_SNDBUF, SO_RCVBUF] {
        var size = bufferSize
        _ = setsockopt(end, SOL_SOCKET, option, &size, socklen_t(MemoryLayout<Int32>.size))
      }
    }
    return (StreamSocket(descriptor: ends[0]), StreamSocket(descriptor: ends[1]))
  }

  /// Sends all pieces, one behind the other, without joining them.
  ///
  /// - Throws: the errno, `EPIPE` when the other end is closed.
  package func send(_ pieces: [Bytes]) throws(ZeroMQError) {
    var vectors = pieces.map { piece in
      // The memory stays in place while `pieces` is held, to the end of this function.
      piece.withUnsafeBytes { iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count) }
    }
    defer { withExtendedLifetime(pieces) {} }
    #if os(Linux)
      let flags = Int32(MSG_NOSIGNAL)
    #else
      let flags: Int32 = 0
    #endif
    var first = 0
    while first < vectors.count {
      let sent = vectors.withUnsafeMutableBufferPointer { vectors in
        var message = msghdr()
        message.msg_iov = vectors.baseAddress?.advanced(by: first)
        message.msg_iovlen = .init(min(vectors.count - first, Self.pieceLimit))
        return sendmsg(descriptor, &message, flags)
      }
      guard sent >= 0 else {
        if errno == EINTR { continue }
        throw ZeroMQError(code: errno, operation: "sendmsg")
      }
      Self.advance(&vectors, &first, by: sent)
    }
  }

  /// Takes what has been sent off the front of the vectors, and skips empty ones.
  private static func advance(_ vectors: inout [iovec], _ first: inout Int, by sent: Int) {
    var left = sent
    while first < vectors.count {
      let count = vectors[first].iov_len
      guard left >= count else {
        vectors[first].iov_base = vectors[first].iov_base.map { $0 + left }
        vectors[first].iov_len = count - left
        return
      }
      left -= count
      first += 1
    }
  }

  /// Waits for data and takes what is there, up to the size of the buffer.
  ///
  /// - Returns: the number of bytes; 0 when the other end is closed.
  /// - Throws: the errno.
  package func receive(into buffer: inout [UInt8]) throws(ZeroMQError) -> Int {
    while true {
      let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
      if count >= 0 { return count }
      guard errno == EINTR else { throw ZeroMQError(code: errno, operation: "recv") }
    }
  }

  /// Waits for a number of bytes and receives them into memory of their own.
  ///
  /// The sender may announce any size: memory that can't be had is an error, and the system provides pages only as data
  /// arrives.
  ///
  /// - Parameters:
  ///   - count: how many bytes the result has.
  ///   - start: its first bytes, which have been received already; at most `count`.
  /// - Returns: `nil` when the other end was closed before they came.
  /// - Throws: the errno, `ENOMEM` without memory for them.
  package func receive(_ count: Int, startingWith start: ArraySlice<UInt8>) throws(ZeroMQError) -> Bytes? {
    guard count > 0 else { return Bytes() }
    guard let memory = HeapMemory(count) else { throw ZeroMQError(code: ENOMEM, operation: "recv") }
    let known = min(start.count, count)
    start.withUnsafeBytes { source in
      if known > 0, let base = source.baseAddress { memory.base.copyMemory(from: base, byteCount: known) }
    }
    var filled = known
    while filled < count {
      let received = recv(descriptor, memory.base + filled, count - filled, 0)
      if received > 0 {
        filled += received
      } else if received == 0 {
        return nil
      } else if errno != EINTR {
        throw ZeroMQError(code: errno, operation: "recv")
      }
    }
    return Bytes(owner: memory, base: UnsafeRawPointer(memory.base), count: count)
  }

  /// Whether a call to receive would return at once.
  package var isReadable: Bool {
    var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&polled, 1, 0) > 0
  }

  /// Lets the other end see the end of the stream, and go on sending.
  package func endSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Ends both directions. A thread that waits for data gets what has arrived, then the end.
  package func end() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// Memory that lives as long as this object.
private final class HeapMemory {
  let base: UnsafeMutableRawPointer

  /// `nil` if the system has no memory of that size.
  init?(_ count: Int) {
    guard let base = malloc(count) else { return nil }
    self.base = base
  }

  deinit { free(base) }
}

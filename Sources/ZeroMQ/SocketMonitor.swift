import CZeroMQ

/// Something that happened to a socket's connections.
public struct SocketEvent: Sendable, Hashable {
  /// What happened.
  public enum Kind: Sendable, Hashable {
    case connected, accepted, disconnected, closed, listening, handshakeSucceeded
    /// The peer did not complete the security handshake: a wrong or missing key, or garbage.
    case handshakeFailed
    case other(UInt16)
  }

  /// What happened.
  public let kind: Kind
  /// libzmq's value of the event: a descriptor, an errno or a protocol error code.
  public let value: UInt32
  /// The endpoint concerned.
  public let endpoint: String
}

/// Watches the connections of one socket, on that socket's thread.
public struct SocketMonitor: ~Copyable {
  private let pair: Socket
  private let watched: UnsafeMutableRawPointer
  private let watchedState: SocketState

  /// The socket to register with an event loop; events are read with ``next()``.
  public var socket: Socket { _read { yield pair } }

  /// Starts watching a socket.
  ///
  /// - Parameters:
  ///   - socket: the socket to watch, of the same context.
  ///   - name: unique within the process.
  /// - Throws: the errno when the name is in use.
  public init(_ socket: borrowing Socket, context: Context, name: String) throws(ZeroMQError) {
    let endpoint = "inproc://monitor-\(name)"
    let handle = socket.handle
    try check("zmq_socket_monitor", endpoint) { zmq_socket_monitor(handle, endpoint, ZMQ_EVENT_ALL) }
    do {
      var options = SocketOptions()
      options.linger = .zero
      let pair = try Socket(context, .pair, options: options)
      try pair.connect(endpoint)
      self.pair = pair
    } catch {
      zmq_socket_monitor(handle, nil, 0)
      throw error
    }
    watched = handle
    watchedState = socket.state
  }

  deinit {
    // Without this libzmq would wait for ever, in its I/O thread, for a reader of the next event.
    if watchedState.isOpen { zmq_socket_monitor(watched, nil, 0) }
  }

  /// The next event, if one comes before the timeout.
  public borrowing func next(timeout: Duration = .zero) throws(ZeroMQError) -> SocketEvent? {
    var message = Multipart(minimumCapacity: 2)
    guard try pair.receive(into: &message, timeout: timeout), message.size(of: 0) >= 6 else { return nil }
    // A 16-bit event and a 32-bit value in the machine's byte order, then the endpoint (zmq_socket_monitor(3)).
    let first = message.shared(0)
    let code = UInt16(first[0]) | UInt16(first[1]) << 8
    let value = UInt32(first[2]) | UInt32(first[3]) << 8 | UInt32(first[4]) << 16 | UInt32(first[5]) << 24
    return SocketEvent(kind: SocketEvent.Kind(code: Int32(code)), value: value, endpoint: message.text(at: 1))
  }
}

extension SocketEvent.Kind {
  init(code: Int32) {
    switch code {
    case ZMQ_EVENT_CONNECTED: self = .connected
    case ZMQ_EVENT_ACCEPTED: self = .accepted
    case ZMQ_EVENT_DISCONNECTED: self = .disconnected
    case ZMQ_EVENT_CLOSED: self = .closed
    case ZMQ_EVENT_LISTENING: self = .listening
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: self = .handshakeSucceeded
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      self = .handshakeFailed
    default: self = .other(UInt16(truncatingIfNeeded: code))
    }
  }
}

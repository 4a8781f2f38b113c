import CMartletZeroMQ

/// An event of a socket's connections.
public struct SocketEvent: Sendable, Hashable {
  /// The kinds of events, those of zmq_socket_monitor(3).
  public enum Kind: Sendable, Hashable {
    /// The socket has connected to its peer; the handshake comes next.
    case connected
    /// The bound socket has accepted a peer's connection; the handshake comes next.
    case accepted
    /// A connection ended, and this side did not end it.
    case disconnected
    /// This side has closed a connection.
    case closed
    /// The socket is bound to the endpoint.
    case listening
    /// The security handshake is over, and messages can pass.
    case handshakeSucceeded
    /// The peer did not pass the security handshake: a wrong or missing key, or garbage.
    case handshakeFailed
    /// The connection ended before the handshake did, for example because the peer was closed at once.
    case handshakeInterrupted
    /// Any other event, with libzmq's number for it.
    case other(UInt16)
  }

  /// What happened.
  public let kind: Kind
  /// libzmq's value of the event: a descriptor, an errno or a protocol error code.
  public let value: UInt32
  /// The endpoint concerned.
  public let endpoint: String
}

/// Watches the connections of one socket.
public struct SocketMonitor: ~Copyable {
  /// The events that a monitor receives; fewer cost less.
  public struct Events: OptionSet, Sendable {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Handshakes that a peer did not pass or did not finish.
    public static let failedHandshakes = Events(
      rawValue: ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
        | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
    /// Connections that peers made to a bound socket; the event's value is the descriptor.
    public static let acceptances = Events(rawValue: ZMQ_EVENT_ACCEPTED)
    /// Connections that are ready for messages.
    public static let connections = Events(rawValue: ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
    /// Connections that ended.
    public static let disconnections = Events(rawValue: ZMQ_EVENT_DISCONNECTED)
    /// What becomes of the connections that peers make to a bound socket.
    public static let ofConnections: Events = [.acceptances, .disconnections, .failedHandshakes]
    /// All events of libzmq.
    public static let all = Events(rawValue: ZMQ_EVENT_ALL)
  }

  private let pair: Socket
  /// The watched socket, if it belongs to this monitor's thread.
  private let watched: (handle: UnsafeMutableRawPointer, state: SocketState)?

  /// The socket to register with an event loop; events are read with ``next()``.
  public var socket: Socket { _read { yield pair } }

  /// Starts watching a socket.
  ///
  /// - Parameters:
  ///   - socket: the socket to watch, of the same context.
  ///   - name: unique within the process.
  ///   - events: what to watch for.
  /// - Throws: the errno when the name is in use.
  public init(
    _ socket: borrowing Socket, context: Context, name: String, events: Events = .all
  ) throws(ZeroMQError) {
    try socket.reportEvents(events, toMonitor: name)
    do {
      pair = try Self.reader(context, name)
    } catch {
      zmq_socket_monitor(socket.handle, nil, 0)
      throw error
    }
    watched = (socket.handle, socket.state)
  }

  /// Watches a socket that reports to this name after ``Socket/reportEvents(_:toMonitor:)``, possibly called by another
  /// thread.
  ///
  /// The socket must be closed before the monitor is released. Otherwise libzmq would wait forever, in its I/O thread, for
  /// a reader of the next event.
  ///
  /// - Throws: the errno when no socket of the context reports to that name.
  public init(context: Context, name: String) throws(ZeroMQError) {
    pair = try Self.reader(context, name)
    watched = nil
  }

  deinit {
    // Without this, libzmq would wait forever for a reader of the next event.
    if let watched, watched.state.isOpen { zmq_socket_monitor(watched.handle, nil, 0) }
  }

  fileprivate static func reader(_ context: Context, _ name: String) throws(ZeroMQError) -> Socket {
    var options = SocketOptions()
    options.linger = .zero
    let pair = try Socket(context, .pair, options: options)
    try pair.connect(endpoint(name))
    return pair
  }

  fileprivate static func endpoint(_ name: String) -> String { "inproc://monitor-\(name)" }

  /// The next event, if there is one before the timeout.
  public borrowing func next(timeout: Duration = .zero) throws(ZeroMQError) -> SocketEvent? {
    var message = Multipart(minimumCapacity: 2)
    guard try pair.receive(into: &message, timeout: timeout) else { return nil }
    return SocketEvent(message)
  }
}

/// Watches the connections of a socket that belongs to another thread, to be read by any.
///
/// libzmq waits, in its I/O thread, for the reader of each event. This one is there before the first, so it may be made
/// long before it is read. The socket must be closed before the monitor is released.
public final class SharedSocketMonitor: Sendable {
  let socket: SharedSocket

  /// Starts watching a socket that is not bound yet.
  ///
  /// - Parameters:
  ///   - name: unique within the process.
  ///   - events: what to watch for.
  /// - Throws: the errno when the name is in use.
  public init(_ socket: borrowing Socket, name: String, events: SocketMonitor.Events) throws(ZeroMQError) {
    try socket.reportEvents(events, toMonitor: name)
    self.socket = try SharedSocket(try SocketMonitor.reader(socket.context, name))
  }

  /// The next event, if there is one.
  public func next() -> SocketEvent? {
    var message = Multipart(minimumCapacity: 2)
    guard (try? socket.receive(into: &message)) == true else { return nil }
    return SocketEvent(message)
  }

  /// Calls back on a loop whenever there are events, until the token is cancelled.
  public func onEvents(_ loop: EventLoop, _ callback: @escaping () -> Void) -> EventLoop.Token {
    loop.onReadable(socket, callback)
  }
}

extension SocketEvent {
  /// Reads an event as libzmq writes it; `nil` if the message is none.
  init?(_ message: borrowing Multipart) {
    guard message.size(of: 0) >= 6 else { return nil }
    // A 16-bit event and a 32-bit value in the machine's byte order, then the endpoint (zmq_socket_monitor(3)).
    let first = message.shared(0)
    let code = UInt16(first[0]) | UInt16(first[1]) << 8
    let value = UInt32(first[2]) | UInt32(first[3]) << 8 | UInt32(first[4]) << 16 | UInt32(first[5]) << 24
    self.init(kind: SocketEvent.Kind(code: Int32(code)), value: value, endpoint: message.text(at: 1))
  }
}

extension Socket {
  /// Makes libzmq report events of this socket's connections to the ``SocketMonitor`` of that name.
  ///
  /// - Throws: the errno when the name is in use.
  public borrowing func reportEvents(_ events: SocketMonitor.Events, toMonitor name: String) throws(ZeroMQError) {
    let handle = handle
    let endpoint = SocketMonitor.endpoint(name)
    try check("zmq_socket_monitor", endpoint) { zmq_socket_monitor(handle, endpoint, events.rawValue) }
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
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: self = .handshakeFailed
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: self = .handshakeInterrupted
    default: self = .other(UInt16(truncatingIfNeeded: code))
    }
  }
}

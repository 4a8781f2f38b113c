import CMartletZeroMQ

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The outcome of ``Socket/send(_:)``.
public enum SendResult: Sendable {
  /// libzmq has accepted the message, which is empty now.
  case sent
  /// The peer's queue is full; the message is unchanged.
  case wouldBlock
  /// A ROUTER with `mandatory` has no peer with that identity; the message is unchanged.
  case unroutable
}

/// One ZeroMQ socket, which the type system closes exactly once.
///
/// It belongs to one thread at a time: each of Martlet's loops owns its sockets, and a socket that other threads send on
/// is a ``SharedSocket``.
public struct Socket: ~Copyable {
  let handle: UnsafeMutableRawPointer
  /// Shared with the socket's monitors and its event loop.
  let state = SocketState()
  let context: Context

  /// Opens a socket and applies its options.
  ///
  /// - Throws: the errno when the process is out of descriptors or an option has a value that libzmq refuses.
  public init(
    _ context: Context, _ type: SocketType, options: SocketOptions = SocketOptions()
  ) throws(ZeroMQError) {
    guard let handle = zmq_socket(context.handle, type.code) else {
      throw ZeroMQError(code: zmq_errno(), operation: "zmq_socket")
    }
    do {
      try OptionSetter(handle: handle).apply(options, type: type)
    } catch {
      zmq_close(handle)
      throw error
    }
    self.handle = handle
    self.context = context
  }

  deinit {
    state.isOpen = false
    // A closed socket lives on while it delivers what it has, and would report that to a monitor that may be gone.
    zmq_socket_monitor(handle, nil, 0)
    zmq_close(handle)
  }

  /// Binds to an endpoint.
  ///
  /// - Parameter endpoint: for example `tcp://127.0.0.1:*`, `ipc:///tmp/x-1`, `inproc://hub`.
  /// - Returns: the endpoint that was bound, with the port the system chose.
  /// - Throws: the errno, for example `EADDRINUSE`.
  @discardableResult
  public borrowing func bind(_ endpoint: String) throws(ZeroMQError) -> String {
    let handle = handle
    state.mayHaveMessages = true
    try OptionSetter(handle: handle).allowIPv6(for: endpoint)
    try check("zmq_bind", endpoint) { zmq_bind(handle, endpoint) }
    return lastEndpoint ?? endpoint
  }

  /// Tells the context's authenticator (ZeroMQ's RFC 27), which decides about each peer of a CURVE server, which socket
  /// it is. It has to be there first: libzmq 4.3 admits everybody where there is none. Call this before ``bind(_:)``.
  package borrowing func setAuthenticationDomain(_ domain: String) throws(ZeroMQError) {
    try OptionSetter(handle: handle).set(ZMQ_ZAP_DOMAIN, Bytes(domain), "authentication domain")
  }

  /// Connects to an endpoint; libzmq makes the connection in the background.
  ///
  /// - Throws: the errno, for example `EINVAL` for a malformed endpoint.
  public borrowing func connect(_ endpoint: String) throws(ZeroMQError) {
    let handle = handle
    state.mayHaveMessages = true
    try OptionSetter(handle: handle).allowIPv6(for: endpoint)
    try check("zmq_connect", endpoint) { zmq_connect(handle, endpoint) }
  }

  /// Ends a connection made before.
  public borrowing func disconnect(_ endpoint: String) throws(ZeroMQError) {
    let handle = handle
    state.mayHaveMessages = true
    try check("zmq_disconnect", endpoint) { zmq_disconnect(handle, endpoint) }
  }

  /// Stops listening on an endpoint. libzmq 4.3 leaves the file of an `ipc` endpoint behind.
  public borrowing func unbind(_ endpoint: String) throws(ZeroMQError) {
    let handle = handle
    state.mayHaveMessages = true
    try check("zmq_unbind", endpoint) { zmq_unbind(handle, endpoint) }
  }

  /// The endpoint bound last.
  public var lastEndpoint: String? {
    var buffer = [UInt8](repeating: 0, count: 512)
    var size = buffer.count
    guard zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &buffer, &size) == 0, size > 1 else { return nil }
    return String(decoding: buffer[0..<(size - 1)], as: UTF8.self)
  }

  /// Receives a message if one is there.
  ///
  /// - Parameter message: emptied, then filled with the frames.
  /// - Returns: whether there was a message.
  /// - Throws: the errno, unless it says that there was no message.
  public borrowing func receive(into message: inout Multipart) throws(ZeroMQError) -> Bool {
    let code = message.receive(handle, flags: ZMQ_DONTWAIT)
    state.mayHaveMessages = code != EAGAIN
    if code == 0 { return true }
    if code == EAGAIN { return false }
    throw ZeroMQError(code: code, operation: "zmq_msg_recv")
  }

  /// Waits for a message.
  ///
  /// - Returns: whether a message arrived before the timeout.
  /// - Throws: the errno of a failed wait.
  public borrowing func receive(
    into message: inout Multipart, timeout: Duration
  ) throws(ZeroMQError) -> Bool {
    let deadline = ContinuousClock.now + min(max(timeout, .zero), .seconds(Int32.max))
    while true {
      if try receive(into: &message) { return true }
      let left = deadline - ContinuousClock.now
      guard left > .zero else { return false }
      var item = zmq_pollitem_t(socket: handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0)
      try check("zmq_poll") { zmq_poll(&item, 1, left.roundedUpMilliseconds) }
    }
  }

  /// Sends a message without waiting.
  ///
  /// - Parameter message: emptied when it was sent, untouched otherwise.
  /// - Throws: the errno, unless it says that the queue is full or the peer unknown.
  @discardableResult
  public borrowing func send(_ message: inout Multipart) throws(ZeroMQError) -> SendResult {
    state.mayHaveMessages = true
    let code = message.send(handle, flags: ZMQ_DONTWAIT)
    switch code {
    case 0: return .sent
    case EAGAIN: return .wouldBlock
    case EHOSTUNREACH: return .unroutable
    default: throw ZeroMQError(code: code, operation: "zmq_msg_send")
    }
  }

  /// Subscribes a SUB socket to a prefix.
  public borrowing func subscribe(_ prefix: Bytes) throws(ZeroMQError) {
    state.mayHaveMessages = true
    try OptionSetter(handle: handle).set(ZMQ_SUBSCRIBE, prefix, "subscribe")
  }

  /// The descriptor that becomes readable when something happens to a socket that was found without messages.
  var descriptor: Int32 {
    var descriptor: Int32 = -1
    var size = MemoryLayout<Int32>.size
    zmq_getsockopt(handle, ZMQ_FD, &descriptor, &size)
    return descriptor
  }
}

/// State that a socket shares with its monitors and its event loop, on the socket's thread.
final class SocketState {
  var isOpen = true
  /// `false` when the socket was found without messages and has not been used since. Any call may make libzmq notice
  /// messages that have arrived, which its descriptor then no longer signals.
  var mayHaveMessages = true
}

extension SocketType {
  var code: Int32 {
    switch self {
    case .router: ZMQ_ROUTER
    case .dealer: ZMQ_DEALER
    case .publish: ZMQ_PUB
    case .subscribe: ZMQ_SUB
    case .xpublish: ZMQ_XPUB
    case .xsubscribe: ZMQ_XSUB
    case .pair: ZMQ_PAIR
    case .push: ZMQ_PUSH
    case .pull: ZMQ_PULL
    }
  }
}

extension Duration {
  /// Milliseconds for libzmq and poll, rounded up so that no deadline is reported early.
  var roundedUpMilliseconds: Int {
    guard self > .zero else { return 0 }
    // The components of a very long duration trap.
    guard self < .milliseconds(Int32.max) else { return Int(Int32.max) }
    let (seconds, attoseconds) = components
    return Int(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }

  var roundedUpMilliseconds32: Int32 { Int32(clamping: roundedUpMilliseconds) }
}

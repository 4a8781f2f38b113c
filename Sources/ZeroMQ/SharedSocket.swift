import CMartletZeroMQ
import Synchronization

/// A socket that several threads send on while a loop receives from it, with a mutex around each call.
///
/// `@unchecked Sendable`: the variables are accessed under `mutex` only, and so is the socket, which libzmq lets change
/// threads behind a full memory barrier such as the mutex. A loop does not poll the handle, which would use it outside
/// the mutex, but waits for its descriptor.
public final class SharedSocket: @unchecked Sendable {
  /// Guarded by the mutex; `nil` after ``close()``.
  private var socket: Socket?
  private let mutex = Mutex(())
  private let receiver = Mutex(Receiver())
  /// Guarded by the mutex: `false` when the socket was found without messages and has not been used since.
  private var isSuspect = true
  /// Guarded by the mutex: `true` from when another thread finds messages and tells the loop until the loop receives.
  private var isRecalled = false

  /// The loop that receives, and its source for this socket.
  private struct Receiver {
    /// A cycle of references: the loop refers to the socket until it ends or cancels the source.
    var loop: EventLoop?
    var source: EventLoop.Token?
  }

  /// Becomes readable when something happens to the socket, until the next call to it.
  let fileDescriptor: Int32

  /// Takes a socket to share it.
  ///
  /// - Throws: the errno when the socket has no descriptor, as after the termination of its context.
  public init(_ socket: consuming Socket) throws(ZeroMQError) {
    var descriptor: Int32 = -1
    var size = MemoryLayout<Int32>.size
    guard zmq_getsockopt(socket.handle, ZMQ_FD, &descriptor, &size) == 0 else {
      throw ZeroMQError(code: zmq_errno(), operation: "zmq_getsockopt", subject: "ZMQ_FD")
    }
    fileDescriptor = descriptor
    self.socket = consume socket
  }

  /// Closes the socket, even if there are other references to this object; it sends and receives nothing after that.
  public func close() { mutex.withLock { _ in socket = nil } }

  /// Connects to a further endpoint, see ``Socket/connect(_:)``. Does nothing on a closed socket.
  public func connect(_ endpoint: String) throws(ZeroMQError) {
    try withSocket(closed: ()) { (socket) throws(ZeroMQError) in
      isSuspect = true
      try socket.connect(endpoint)
    }
  }

  /// Ends a connection, see ``Socket/disconnect(_:)``. Does nothing on a closed socket.
  public func disconnect(_ endpoint: String) throws(ZeroMQError) {
    try withSocket(closed: ()) { (socket) throws(ZeroMQError) in
      isSuspect = true
      try socket.disconnect(endpoint)
    }
  }

  /// Sends a message without waiting, see ``Socket/send(_:)``. On a closed socket the message is unroutable.
  ///
  /// Sending may consume the signal that messages have arrived, so the receiving loop is told if there are any.
  @discardableResult
  public func send(_ message: inout Multipart) throws(ZeroMQError) -> SendResult {
    let receiver = receiver.withLock { $0 }
    // The loop itself looks for messages before it waits.
    let isOnLoop = receiver.loop?.isOnLoop ?? true
    var hasMessages = false
    let result = try withSocket(closed: SendResult.unroutable) { (socket) throws(ZeroMQError) in
      let result = try socket.send(&message)
      if isOnLoop {
        isSuspect = true
      } else if !isRecalled {
        hasMessages = Self.hasMessages(socket)
        isRecalled = hasMessages
      }
      return result
    }
    if hasMessages, let source = receiver.source { receiver.loop?.recall(source) }
    return result
  }

  /// Receives a message if one is there, see ``Socket/receive(into:)``.
  public func receive(into message: inout Multipart) throws(ZeroMQError) -> Bool {
    try withSocket(closed: false) { (socket) throws(ZeroMQError) in
      isRecalled = false
      let isThere = try socket.receive(into: &message)
      // After a look that found nothing, the next message signals the descriptor again.
      isSuspect = isThere
      return isThere
    }
  }

  /// Whether there are messages that the descriptor does not signal; the loop asks before it waits for the descriptor.
  func hasUnsignalledMessages() -> Bool {
    withSocket(closed: false) { socket in
      if isSuspect { isSuspect = Self.hasMessages(socket) }
      return isSuspect
    }
  }

  /// Notes which loop receives.
  func setReceiver(_ loop: EventLoop, _ source: EventLoop.Token) {
    receiver.withLock { $0 = Receiver(loop: loop, source: source) }
    mutex.withLock { _ in isRecalled = false }
  }

  private func withSocket<Output: Sendable, Failure: Error>(
    closed: Output, _ body: (borrowing Socket) throws(Failure) -> Output
  ) throws(Failure) -> Output {
    try mutex.withLock { (_) throws(Failure) in
      guard let socket = socket.take() else { return closed }
      do throws(Failure) {
        let output = try body(socket)
        self.socket = consume socket
        return output
      } catch {
        self.socket = consume socket
        throw error
      }
    }
  }

  private static func hasMessages(_ socket: borrowing Socket) -> Bool {
    var events: Int32 = 0
    var size = MemoryLayout<Int32>.size
    return zmq_getsockopt(socket.handle, ZMQ_EVENTS, &events, &size) == 0 && events & Int32(ZMQ_POLLIN) != 0
  }
}

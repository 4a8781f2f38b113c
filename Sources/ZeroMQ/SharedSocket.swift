import CMartletZeroMQ
import Synchronization

/// A socket that several threads send on while a loop receives from it, each call under a mutex.
///
/// `@unchecked Sendable`: libzmq allows a socket to change threads behind a full memory barrier, and the mutex is one.
/// The handle is not polled, as that would touch it outside the mutex: a loop waits for its descriptor.
public final class SharedSocket: @unchecked Sendable {
  /// Guarded by the mutex; `nil` when it was closed.
  private var socket: Socket?
  private let mutex = Mutex(())
  private let receiver = Mutex(Receiver())
  /// Guarded by the mutex: off when the socket was found without messages and nothing was done to it since.
  private var isSuspect = true
  /// Guarded by the mutex: on while the loop is to look for messages because another thread found some.
  private var isRecalled = false

  /// Who receives.
  private struct Receiver {
    /// The loop refers to the socket, too, until it ends or cancels the source.
    var loop: EventLoop?
    var source: EventLoop.Token?
  }

  /// Readable when something has happened to the socket, until the next call looks at it.
  let fileDescriptor: Int32

  /// Shares a socket, for good.
  ///
  /// - Throws: the errno when the socket has no descriptor, as after the end of its context.
  public init(_ socket: consuming Socket) throws(ZeroMQError) {
    var descriptor: Int32 = -1
    var size = MemoryLayout<Int32>.size
    guard zmq_getsockopt(socket.handle, ZMQ_FD, &descriptor, &size) == 0 else {
      throw ZeroMQError(code: zmq_errno(), operation: "zmq_getsockopt", subject: "ZMQ_FD")
    }
    fileDescriptor = descriptor
    self.socket = consume socket
  }

  /// Closes the socket, whoever still refers to it: it sends and receives nothing any more.
  public func close() { mutex.withLock { _ in socket = nil } }

  /// Sends a message without waiting, see ``Socket/send(_:)``. On a closed socket it is unroutable.
  ///
  /// Sending may use up the signal that messages have come, so the receiving loop is told if there are any.
  @discardableResult
  public func send(_ message: inout Multipart) throws(ZeroMQError) -> SendResult {
    let receiver = receiver.withLock { $0 }
    // The loop itself looks when it is through with what it does.
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
      // Who finds nothing has looked, and the next message gives a signal again.
      isSuspect = isThere
      return isThere
    }
  }

  /// For the loop, before it waits for the descriptor: whether there are messages that it does not tell of.
  func hasUnsignalledMessages() -> Bool {
    withSocket(closed: false) { socket in
      if isSuspect { isSuspect = Self.hasMessages(socket) }
      return isSuspect
    }
  }

  /// Notes who receives.
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

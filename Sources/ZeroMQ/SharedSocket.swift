import CZeroMQ
import Synchronization

/// A socket that several threads send on while a loop receives from it, each call under a mutex.
///
/// `@unchecked Sendable`: libzmq allows a socket to change threads behind a full memory barrier, and the mutex is one.
/// The handle is not polled, as that would touch it outside the mutex: a loop waits for its descriptor.
public final class SharedSocket: @unchecked Sendable {
  private let socket: Socket
  /// Guards the socket.
  private let mutex = Mutex(())
  private let missed = Mutex(Notice())
  /// A closure in a struct of its own: in a generic place it would be wrapped anew by every access.
  private struct Notice {
    var notify: (@Sendable () -> Void)?
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
    self.socket = socket
  }

  /// Sends a message without waiting, see ``Socket/send(_:)``.
  @discardableResult
  public func send(_ message: inout Multipart) throws(ZeroMQError) -> SendResult {
    let (result, isReadable) = try mutex.withLock { (_) throws(ZeroMQError) in
      (try socket.send(&message), hasMessages)
    }
    // Sending may have used up the signal that messages have come.
    if isReadable { missed.withLock { $0.notify }?() }
    return result
  }

  /// Receives a message if one is there, see ``Socket/receive(into:)``.
  public func receive(into message: inout Multipart) throws(ZeroMQError) -> Bool {
    try mutex.withLock { (_) throws(ZeroMQError) in try socket.receive(into: &message) }
  }

  /// Whether a message can be received.
  var isReadable: Bool { mutex.withLock { _ in hasMessages } }

  /// Who is to be called when there are messages although the descriptor does not say so.
  func onMissedMessages(_ notify: (@Sendable () -> Void)?) { missed.withLock { $0.notify = notify } }

  private var hasMessages: Bool {
    var events: Int32 = 0
    var size = MemoryLayout<Int32>.size
    return zmq_getsockopt(socket.handle, ZMQ_EVENTS, &events, &size) == 0 && events & Int32(ZMQ_POLLIN) != 0
  }
}

import MartletZeroMQ
import Synchronization

/// A loop's watch of the socket to Python, which any thread may begin or end.
final class PythonWatch: Sendable {
  private let token = Mutex<EventLoop.Token?>(nil)

  /// Calls back whenever the socket has data, until ``end(on:)``.
  func begin(_ stream: StreamSocket, on loop: EventLoop, _ callback: @escaping @Sendable () -> Void) {
    // Without the loop nobody is left to be told.
    try? loop.execute {
      let token = loop.onReadable(fileDescriptor: stream.descriptor) {
        // The descriptor is open for as long as the loop may poll it.
        withExtendedLifetime(stream) { callback() }
      }
      self.token.withLock { $0 = token }
    }
  }

  /// Ends the watch.
  func end(on loop: EventLoop) {
    try? loop.execute {
      if let token = self.token.withLock({ $0.take() }) { loop.cancel(token) }
    }
  }
}

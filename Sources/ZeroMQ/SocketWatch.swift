/// Reports the connections that a socket makes and loses.
package final class SocketWatch {
  private let monitor: SocketMonitor

  /// What happened to a connection.
  package enum Change: Sendable, Hashable {
    /// It is ready for messages.
    case connected
    /// It was ready and has ended; libzmq goes on trying to make it anew.
    case broke
  }

  private init(_ monitor: consuming SocketMonitor) { self.monitor = monitor }

  /// Starts to watch a socket that has not connected yet. It must be closed before the watch is released.
  ///
  /// - Parameter name: unique within the process.
  package static func watch(
    _ socket: borrowing Socket, context: Context, name: String
  ) throws(ZeroMQError) -> SocketWatch {
    try socket.reportEvents([.connections, .disconnections], toMonitor: name)
    return SocketWatch(try SocketMonitor(context: context, name: name))
  }

  /// Calls back on a loop for each change, until the token is cancelled.
  package func onChange(_ loop: EventLoop, _ callback: @escaping (Change) -> Void) -> EventLoop.Token {
    // A connection that was never ready carried nothing. Where a tunnel ends at nobody, each attempt makes one.
    var ready = 0
    return loop.onReadable(monitor.socket) {
      while let event = try? self.monitor.next() {
        switch event.kind {
        case .handshakeSucceeded:
          ready += 1
          callback(.connected)
        case .disconnected where ready > 0:
          ready -= 1
          callback(.broke)
        default: break
        }
      }
    }
  }
}

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

  /// The connections that are ready. One that never was carried nothing, and its end changes nothing: where a tunnel ends at
  /// nobody, each attempt makes one.
  struct Connections: Sendable, Hashable {
    private var ready = 0

    /// What an event means; `nil` if nothing has changed.
    mutating func change(by event: SocketEvent.Kind) -> Change? {
      switch event {
      case .handshakeSucceeded:
        ready += 1
        return .connected
      case .disconnected where ready > 0:
        ready -= 1
        return .broke
      default: return nil
      }
    }
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
    var connections = Connections()
    return loop.onReadable(monitor.socket) {
      while let event = try? self.monitor.next() {
        if let change = connections.change(by: event.kind) { callback(change) }
      }
    }
  }
}

import Logging
import MartletZeroMQ

/// Logs peers that fail the security handshake on any of the controller's sockets.
actor HandshakeWatch: EventLoopActor {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let watched: [Watched]
  private let logger: Logger
  private var tokens: [EventLoop.Token] = []

  /// The monitor of one socket.
  private final class Watched {
    let name: String
    let monitor: SocketMonitor
    var failures = HandshakeFailures()

    init(_ socket: EndpointBinder.MonitoredSocket, context: Context) throws {
      name = socket.name
      monitor = try SocketMonitor(context: context, name: socket.monitor)
    }
  }

  init(_ sockets: [EndpointBinder.MonitoredSocket], context: Context, loop: EventLoop, logger: Logger) throws {
    watched = try sockets.map { try Watched($0, context: context) }
    self.loop = loop
    self.logger = logger
  }

  func start() {
    tokens = watched.indices.map { index in
      onReadable(watched[index].monitor.socket) { $0.read(index) }
    }
  }

  func stop() {
    for token in tokens { loop.cancel(token) }
  }

  private func read(_ index: Int) {
    let socket = watched[index]
    while let event = try? socket.monitor.next() { socket.failures.note(event, socket: socket.name, logger: logger) }
  }
}

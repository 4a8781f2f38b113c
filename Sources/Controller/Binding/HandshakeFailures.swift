import Logging
import MartletWire
import MartletZeroMQ

/// Logs the peers that fail a socket's security handshake. A peer with a wrong key tries again ten times a second, so the
/// lines are throttled.
struct HandshakeFailures {
  private var failed = LogThrottle()
  private var interrupted = LogThrottle()

  /// Logs an event of a socket's monitor if it is a failed handshake.
  mutating func note(_ event: SocketEvent, socket: String, logger: Logger) {
    let metadata: Logger.Metadata = [LogKey.socket: "\(socket)", LogKey.endpoint: "\(event.endpoint)"]
    switch event.kind {
    case .handshakeFailed:
      failed.log(.warning, "a peer failed the security handshake", to: logger, metadata: metadata)
    case .handshakeInterrupted:
      interrupted.log(.debug, "a peer left before the end of the handshake", to: logger, metadata: metadata)
    default: break
    }
  }
}

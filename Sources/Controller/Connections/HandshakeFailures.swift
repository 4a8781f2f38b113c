import Logging
import MartletWire
import MartletZeroMQ

/// Logs the peers that fail a socket's security handshake. A peer with a wrong key retries ten times a second, so log
/// lines are throttled.
struct HandshakeFailures {
  private var failed = LogThrottle()
  private var interrupted = LogThrottle()

  /// Logs a monitor event of a socket if it is a failed handshake.
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

import Logging
import MartletWire
import MartletZeroMQ

/// Counts the peers that fail a socket's security handshake, and limits how often that is logged: a peer with a wrong
/// key tries again ten times a second.
struct HandshakeFailures {
  private var count = 0
  private var quietUntil: ContinuousClock.Instant?

  private static let interval = Duration.seconds(5)

  /// Counts a failure. Returns the number of failures so far if it is time to log them.
  mutating func count(at now: ContinuousClock.Instant) -> Int? {
    count += 1
    if let quietUntil, now < quietUntil { return nil }
    quietUntil = now + Self.interval
    return count
  }

  /// Logs an event of a socket's monitor if it is a failed handshake.
  mutating func note(_ event: SocketEvent, socket: String, logger: Logger) {
    let endpoint: Logger.Metadata = [LogKey.socket: "\(socket)", LogKey.endpoint: "\(event.endpoint)"]
    switch event.kind {
    case .handshakeFailed:
      guard let count = count(at: .now) else { return }
      logger.warning(
        "a peer failed the security handshake", metadata: endpoint.merging([LogKey.count: "\(count)"]) { $1 })
    case .handshakeInterrupted: logger.debug("a peer left before the end of the handshake", metadata: endpoint)
    default: break
    }
  }
}

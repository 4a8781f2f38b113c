import Logging
import MartletWire
import MartletZeroMQ

/// A relay's socket, with everything that can go wrong on it.
///
/// Nothing is thrown: a refused message or a failed call is counted and logged here, and the next message is not
/// affected. Log lines are throttled, as a peer decides how many there would be.
final class RelaySocket {
  let socket: Socket
  private let name: String
  private let logger: Logger
  /// The message being handled; its memory serves the next one.
  private var incoming = Multipart()
  private var rejections = RejectionLog()
  private var receiveFailures = LogThrottle()
  private var sendFailures = LogThrottle()

  /// The most messages handled in one turn, so that no socket starves another on the same loop.
  private static let batch = 64

  /// Takes a socket.
  ///
  /// - Parameter name: names it in the log.
  init(_ socket: consuming Socket, name: String, logger: Logger) {
    self.socket = socket
    self.name = name
    self.logger = logger
  }

  /// Receives messages, up to a batch, and hands each to `handle`; one for which it throws is refused.
  func drain(atMost limit: Int = RelaySocket.batch, _ handle: (inout Multipart) throws(WireError) -> Void) {
    var left = limit
    while left > 0, receive() {
      left -= 1
      do throws(WireError) {
        try handle(&incoming)
      } catch {
        refuse(error)
      }
    }
  }

  private func receive() -> Bool {
    do throws(ZeroMQError) {
      return try socket.receive(into: &incoming)
    } catch {
      receiveFailures.log(.error, "receiving failed", to: logger, metadata: metadata(error))
      return false
    }
  }

  /// Sends a message without waiting.
  ///
  /// - Parameter message: emptied when it was sent, or when libzmq failed in the middle of it; untouched otherwise.
  /// - Returns: `nil` if libzmq failed.
  @discardableResult
  func send(_ message: inout Multipart) -> SendResult? {
    do throws(ZeroMQError) {
      return try socket.send(&message)
    } catch {
      sendFailures.log(.error, "sending failed", to: logger, metadata: metadata(error))
      return nil
    }
  }

  /// Reads what subscribers have told this XPUB socket, up to a batch.
  ///
  /// - Returns: whether one of them has subscribed.
  func hasNewSubscriber(atMost limit: Int = RelaySocket.batch) -> Bool {
    var isNew = false
    drain(atMost: limit) { message in
      // A subscription begins with 1, its end with 0.
      if message.size(of: 0) > 0, message.bytes(at: 0)[0] == 1 { isNew = true }
    }
    return isNew
  }

  /// Counts and logs a message that is dropped.
  func refuse(_ error: WireError) {
    rejections.log(error, to: logger, metadata: [LogKey.socket: "\(name)"])
  }

  /// Logs what has been left out of the log so far.
  func finishLog() {
    rejections.logSuppressed(to: logger, metadata: [LogKey.socket: "\(name)"])
  }

  private func metadata(_ error: ZeroMQError) -> Logger.Metadata {
    [LogKey.socket: "\(name)", LogKey.reason: "\(error)"]
  }
}

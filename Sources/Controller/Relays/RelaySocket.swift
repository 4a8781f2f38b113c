import Logging
import MartletWire
import MartletZeroMQ

/// A relay's socket, with everything that can go wrong on it.
///
/// Nothing is thrown: a refused message or a failed call is counted and logged here, and the next message is not
/// affected. Log lines are throttled, as a peer decides how many there would be.
final class RelaySocket {
  let socket: Socket
  /// Learns where messages come from, once the socket is bound.
  private(set) var ears: ConnectionEars?
  /// Whether engines connect to the socket.
  private(set) var facesEngines = false
  /// The most bytes of a message; nil for no limit.
  private var maxMessageSize: Int?
  private let name: String
  private let logger: Logger
  /// The message being handled; its memory serves the next one.
  private var incoming = Multipart()
  private var rejections = RejectionLog()
  private var receiveFailures = LogThrottle()
  private var sendFailures = LogThrottle()
  private var fullQueues = LogThrottle()
  /// Whom the messages of this turn came from, once for those that follow one another.
  private var senders: [ConnectionEars.Sender] = []
  /// Whether the message being handled proves nothing about its sender.
  private var provesNothing = false

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

  /// Notes what becomes of the socket when it is bound.
  func bound(_ ears: ConnectionEars, facesEngines: Bool, maxMessageSize: Int?) {
    self.ears = ears
    self.facesEngines = facesEngines
    self.maxMessageSize = maxMessageSize
  }

  /// Receives messages, up to a batch, and hands each to `handle`; one for which it throws is refused.
  ///
  /// - Parameter noteConnections: passes on what the socket's monitor has reported, if the caller has that monitor.
  func drain(
    atMost limit: Int = RelaySocket.batch, noteConnections: () -> Void = {},
    _ handle: (inout Multipart) throws(WireError) -> Void
  ) {
    var left = limit
    while left > 0, receive() {
      left -= 1
      let source = isListening ? incoming.sourceDescriptor() : nil
      // Before the message is sent on.
      let key = source != nil && ears?.identifies == true ? incoming.userID() : nil
      provesNothing = false
      do throws(WireError) {
        try checkSize()
        try handle(&incoming)
        if let source { note(.init(descriptor: source, isValid: !provesNothing, key: key)) }
      } catch {
        if let source { note(.init(descriptor: source, isValid: false, key: key)) }
        refuse(error)
      }
    }
    guard !senders.isEmpty else { return }
    noteConnections()
    ears?.hear(senders)
    senders.removeAll(keepingCapacity: true)
  }

  private func note(_ sender: ConnectionEars.Sender) {
    if senders.last != sender { senders.append(sender) }
  }

  /// Whether to tell where messages come from.
  var isListening: Bool { ears?.isListening == true }

  /// Tells ``drain(atMost:noteConnections:_:)`` that the message being handled was not verified.
  func leaveUnproven() { provesNothing = true }

  /// libzmq limits single frames.
  private func checkSize() throws(WireError) {
    guard let limit = maxMessageSize else { return }
    let size = incoming.totalSize()
    guard size > limit else { return }
    incoming.removeAll()
    throw WireError(.oversized, "a message of \(size) bytes")
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
      let result = try socket.send(&message)
      if result == .wouldBlock {
        fullQueues.log(
          .warning, "a peer does not read, a message for it is dropped or waits", to: logger,
          metadata: [LogKey.socket: "\(name)"])
      }
      return result
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

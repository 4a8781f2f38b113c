import Logging
import MartletWire
import MartletZeroMQ

/// Makes the controller's sockets and sessions, all with the same security.
///
/// What waits for a peer that does not read is bounded by high-water marks, which are beyond what honest peers reach:
/// the task scheduler and the hub refuse requests long before. What comes from peers is not: a relay reads as fast as it
/// can.
struct ControllerSockets {
  let context: Context
  let configuration: ControllerConfiguration
  /// The signing key in use: configured, reused or random.
  let key: String

  private func options() -> SocketOptions {
    var options = SocketOptions()
    options.curve = configuration.curve.map { .server($0) }
    options.maxMessageSize = configuration.maxMessageSize
    options.linger = .milliseconds(200)
    // A dead connection keeps its identity from the peer that has made a new one. Peers that are merely stopped or slow
    // are not cut off: their systems answer.
    options.tcpKeepaliveIdle = .seconds(15)
    return options
  }

  /// A ROUTER with an identity that names it to its peers and in traces.
  ///
  /// An identity belongs to the connection that has it: a newcomer with the same one is ignored, or anybody could take
  /// the place of an engine or client. See ``ConnectionTable`` for owners that come back.
  func router(
    _ identity: String, mandatory: Bool, highWaterMark: Int = Self.replies
  ) throws(ZeroMQError) -> Socket {
    var options = options()
    options.identity = Bytes(identity)
    options.mandatory = mandatory
    options.sendHighWaterMark = highWaterMark
    return try Socket(context, .router, options: options)
  }

  /// A ROUTER for a relay, named in the log by its identity.
  func relayRouter(
    _ identity: String, mandatory: Bool, highWaterMark: Int = Self.requests, logger: Logger
  ) throws(ZeroMQError) -> RelaySocket {
    RelaySocket(
      try router(identity, mandatory: mandatory, highWaterMark: highWaterMark), name: identity, logger: logger)
  }

  /// The ROUTER that receives the echoes of pings, which are small.
  func heartRouter() throws(ZeroMQError) -> Socket {
    var options = options()
    options.identity = Bytes("heartmonitor")
    options.maxMessageSize = 1024
    // The heart has to be back before its engine is given up.
    options.tcpKeepaliveIdle = .seconds(5)
    options.tcpKeepaliveInterval = .seconds(2)
    return try Socket(context, .router, options: options)
  }

  /// Messages that wait for one peer of a relay: twice the requests that all schedulers accept by default.
  static let requests = 1 << 22
  /// Control requests that wait for one engine, answers of the hub that wait for one peer, and changes of engines that
  /// wait for one client.
  static let replies = 1 << 16
  /// Messages of output that wait for one client, besides the limit in bytes. There are two for each task.
  static let output = 1 << 22
  /// Pings that wait for one engine.
  static let pings = 100

  /// A socket that receives everything that is published.
  func subscriber() throws(ZeroMQError) -> Socket {
    var options = options()
    options.subscriptions = [Bytes()]
    return try Socket(context, .subscribe, options: options)
  }

  /// A socket that publishes and reports new subscribers. Its peers send nothing but subscriptions.
  func attentivePublisher(highWaterMark: Int) throws(ZeroMQError) -> Socket {
    var options = options()
    options.sendHighWaterMark = highWaterMark
    options.maxMessageSize = 1024
    options.reportsSubscriptions = true
    return try Socket(context, .xpublish, options: options)
  }

  /// A session with the controller's key. Each part has its own, to verify the messages it receives.
  func session() throws(WireError) -> Session {
    try Session(key: key, scheme: configuration.signatureScheme, username: "martlet")
  }
}

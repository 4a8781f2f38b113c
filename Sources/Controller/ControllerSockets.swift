import Logging
import MartletWire
import MartletZeroMQ

/// Makes the controller's sockets and sessions, all with the same security and without a high-water mark.
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
    return options
  }

  /// A ROUTER with an identity that names it to its peers and in traces.
  func router(_ identity: String, mandatory: Bool) throws(ZeroMQError) -> Socket {
    var options = options()
    options.identity = Bytes(identity)
    options.mandatory = mandatory
    // Otherwise a peer that reconnects would be shut out by its own broken connection.
    options.handover = true
    return try Socket(context, .router, options: options)
  }

  /// A ROUTER for a relay, named in the log by its identity.
  func relayRouter(_ identity: String, mandatory: Bool, logger: Logger) throws(ZeroMQError) -> RelaySocket {
    RelaySocket(try router(identity, mandatory: mandatory), name: identity, logger: logger)
  }

  /// A socket that receives everything that is published.
  func subscriber() throws(ZeroMQError) -> Socket {
    var options = options()
    options.subscriptions = [Bytes()]
    return try Socket(context, .subscribe, options: options)
  }

  /// A socket that publishes and reports new subscribers.
  func attentivePublisher() throws(ZeroMQError) -> Socket {
    var options = options()
    options.reportsSubscriptions = true
    return try Socket(context, .xpublish, options: options)
  }

  /// A session with the controller's key. Each part has its own, to verify the messages it receives.
  func session() throws(WireError) -> Session {
    try Session(key: key, scheme: configuration.signatureScheme, username: "martlet")
  }
}

import MartletWire
import MartletZeroMQ

/// Makes the controller's sockets and sessions, all with the same security and no high water mark.
struct ControllerSockets {
  let context: Context
  let configuration: ControllerConfiguration
  /// The key in force: given, reused or random.
  let key: String

  private func options() -> SocketOptions {
    var options = SocketOptions()
    options.curve = configuration.curve.map { .server($0) }
    options.maxMessageSize = configuration.maxMessageSize
    options.linger = .milliseconds(200)
    return options
  }

  /// A ROUTER with an identity by which its peers and traces tell it.
  func router(_ identity: String, mandatory: Bool) throws(ZeroMQError) -> Socket {
    var options = options()
    options.identity = Bytes(identity)
    options.mandatory = mandatory
    // A peer that reconnects after a broken connection must not be shut out by its own former connection.
    options.handover = true
    return try Socket(context, .router, options: options)
  }

  /// A socket that receives everything that is published.
  func subscriber() throws(ZeroMQError) -> Socket {
    var options = options()
    options.subscriptions = [Bytes()]
    return try Socket(context, .subscribe, options: options)
  }

  /// A socket that publishes and tells of new subscribers.
  func attentivePublisher() throws(ZeroMQError) -> Socket {
    var options = options()
    options.reportsSubscriptions = true
    return try Socket(context, .xpublish, options: options)
  }

  /// A session with the controller's key. Each loop has one of its own, to verify what comes in on its sockets.
  func session() throws(WireError) -> Session {
    try Session(key: key, scheme: configuration.signatureScheme, username: "martlet")
  }
}

import CMartletZeroMQ

/// Applies typed options to a new libzmq socket.
struct OptionSetter {
  let handle: UnsafeMutableRawPointer

  /// How many connections the system keeps for a socket that has not accepted them yet; the system has a limit of its own, which
  /// is 4,096 on Linux. Beyond libzmq's default of 100 it drops what hundreds of engines send that start at once, and each
  /// tries again after a second, and then after twice the time.
  private static let backlog: Int32 = 65_535

  func apply(_ options: SocketOptions, type: SocketType) throws(ZeroMQError) {
    if let identity = options.identity { try set(ZMQ_ROUTING_ID, identity, "identity") }
    try set(ZMQ_SNDHWM, Int32(clamping: options.sendHighWaterMark), "sendHighWaterMark")
    try set(ZMQ_RCVHWM, Int32(clamping: options.receiveHighWaterMark), "receiveHighWaterMark")
    try set(ZMQ_BACKLOG, Self.backlog, "backlog")
    try set(ZMQ_LINGER, options.linger.roundedUpMilliseconds32, "linger")
    if type == .router { try set(ZMQ_ROUTER_MANDATORY, options.mandatory ? 1 : 0, "mandatory") }
    if options.reportsSubscriptions { try set(ZMQ_XPUB_VERBOSE, 1, "reportsSubscriptions") }
    if let limit = options.maxMessageSize { try setLong(ZMQ_MAXMSGSIZE, Int64(limit), "maxMessageSize") }
    if let pause = options.longestReconnectPause {
      try set(ZMQ_RECONNECT_IVL_MAX, pause.roundedUpMilliseconds32, "longestReconnectPause")
    }
    if let idle = options.tcpKeepaliveIdle {
      try set(ZMQ_TCP_KEEPALIVE, 1, "tcpKeepalive")
      try set(
        ZMQ_TCP_KEEPALIVE_IDLE, Int32(clamping: min(max(idle, .zero), .seconds(Int32.max)).components.seconds),
        "tcpKeepaliveIdle")
      try set(
        ZMQ_TCP_KEEPALIVE_INTVL, Int32(clamping: max(options.tcpKeepaliveInterval, .seconds(1)).components.seconds),
        "tcpKeepaliveInterval")
      try set(ZMQ_TCP_KEEPALIVE_CNT, 3, "tcpKeepaliveCount")
    }
    if let time = options.tcpUnacknowledgedTime {
      try set(ZMQ_TCP_MAXRT, time.roundedUpMilliseconds32, "tcpUnacknowledgedTime")
    }
    if let interval = options.heartbeatInterval {
      let milliseconds = interval.roundedUpMilliseconds32
      try set(ZMQ_HEARTBEAT_IVL, milliseconds, "heartbeatInterval")
      try set(ZMQ_HEARTBEAT_TIMEOUT, Int32(clamping: 3 * Int64(milliseconds)), "heartbeatTimeout")
    }
    switch options.curve {
    case nil: break
    case .server(let keys):
      try set(ZMQ_CURVE_SERVER, 1, "curve server")
      try set(ZMQ_CURVE_SECRETKEY, Bytes(keys.secretKey), "curve secret key")
    case .client(let keys, let serverKey):
      try set(ZMQ_CURVE_SERVERKEY, Bytes(serverKey), "curve server key")
      try set(ZMQ_CURVE_PUBLICKEY, Bytes(keys.publicKey), "curve public key")
      try set(ZMQ_CURVE_SECRETKEY, Bytes(keys.secretKey), "curve secret key")
    }
    for prefix in options.subscriptions { try set(ZMQ_SUBSCRIBE, prefix, "subscribe") }
  }

  /// Allows IPv6 for an IPv6 literal such as `tcp://[::1]:*`, and only for it: libzmq would otherwise take `tcp://*` for
  /// `tcp://[::]` and prefer a name's IPv6 address, where the other side may not listen.
  func allowIPv6(for endpoint: String) throws(ZeroMQError) {
    guard endpoint.hasPrefix("tcp://") else { return }
    try set(ZMQ_IPV6, endpoint.hasPrefix("tcp://[") ? 1 : 0, "ipv6")
  }

  private func set(_ option: Int32, _ value: Int32, _ name: String) throws(ZeroMQError) {
    var value = value
    try check("zmq_setsockopt", name) { zmq_setsockopt(handle, option, &value, MemoryLayout<Int32>.size) }
  }

  private func setLong(_ option: Int32, _ value: Int64, _ name: String) throws(ZeroMQError) {
    var value = value
    try check("zmq_setsockopt", name) { zmq_setsockopt(handle, option, &value, MemoryLayout<Int64>.size) }
  }

  func set(_ option: Int32, _ value: Bytes, _ name: String) throws(ZeroMQError) {
    try check("zmq_setsockopt", name) {
      value.withUnsafeBytes { zmq_setsockopt(handle, option, $0.baseAddress, $0.count) }
    }
  }
}

import MartletEngine
import MartletTunnels
import MartletWire
import MartletZeroMQ

extension EngineConfiguration {
  /// The configuration that the options describe.
  ///
  /// - Parameters:
  ///   - connection: the result of ``EngineOptions/connection()``.
  ///   - tunnel: what leads to its addresses, if they can't be reached directly.
  package init(_ options: EngineOptions, connection: ConnectionInfo, tunnel: Tunnel? = nil) {
    self.init(
      connection: tunnel?.connection ?? connection, requestedID: options.id,
      registrationTimeout: options.registrationTimeout,
      maxHeartbeatMisses: options.maxHeartbeatMisses, onControllerLost: options.onControllerLost,
      reconnectTimeout: options.reconnectTimeout, grace: options.grace, python: options.python)
    resources = options.resources
    limits = options.limits
    limits.lifetime = options.lifetime(at: .now)
    readConnection = {
      guard let info = options.currentConnection(), let tunnel else { return options.currentConnection() }
      return try? tunnel.redirect(to: info)
    }
    if let uuid = options.uuid { self.uuid = uuid }
    if let publicKey = options.curvePublicKey, let secretKey = options.curveSecretKey {
      curveKeys = CurveKeyPair(publicKey: publicKey, secretKey: secretKey)
    }
  }
}

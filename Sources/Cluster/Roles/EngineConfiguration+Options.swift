import MartletEngine
import MartletWire
import MartletZeroMQ

extension EngineConfiguration {
  /// The configuration that the options describe.
  ///
  /// - Parameter connection: the result of ``EngineOptions/connection()``.
  public init(_ options: EngineOptions, connection: ConnectionInfo) {
    self.init(
      connection: connection, requestedID: options.id, registrationTimeout: options.registrationTimeout,
      maxHeartbeatMisses: options.maxHeartbeatMisses, onControllerLost: options.onControllerLost,
      reconnectTimeout: options.reconnectTimeout, python: options.python)
    resources = options.resources
    readConnection = { options.currentConnection() }
    if let uuid = options.uuid { self.uuid = uuid }
    if let publicKey = options.curvePublicKey, let secretKey = options.curveSecretKey {
      curveKeys = CurveKeyPair(publicKey: publicKey, secretKey: secretKey)
    }
  }
}

import MartletWire
import MartletZeroMQ
import Synchronization

/// How code on an engine reaches the cluster as a client, as the hub has said with the latest registration.
package final class ClientAccess: Sendable {
  private let latest = Mutex<ConnectionInfo?>(nil)

  /// The controller's addresses for clients, with this engine's keys.
  ///
  /// - Throws: `ConnectionError` if the controller does not let engines in as clients.
  package var connection: ConnectionInfo {
    get throws(ConnectionError) {
      guard let info = latest.withLock(\.self) else {
        throw ConnectionError(
          "this engine can't call others: its controller tells engines no addresses for clients, because it admits keys by "
            + "name (martlet keys list), so that an engine's key lets nobody in as a client, or because it is not Martlet's"
        )
      }
      return info
    }
  }

  /// The hub has accepted the engine.
  ///
  /// - Parameters:
  ///   - clients: what the hub says; `nil` if it says nothing.
  ///   - own: the engine's own connection.
  ///   - keys: the engine's own CURVE keys, if it has any.
  func update(_ clients: ConnectionInfo?, own: ConnectionInfo, keys: CurveKeyPair?) {
    var info = clients
    info?.key = own.key
    info?.signatureScheme = own.signatureScheme
    info?.curveServerKey = own.curveServerKey
    info?.curveKeys = keys ?? own.curveKeys
    // It may have been replaced by an option.
    if !own.location.isEmpty { info?.location = own.location }
    latest.withLock { $0 = info }
  }
}

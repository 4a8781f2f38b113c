import MartletWire
import Synchronization

/// A value that every engine has. It is let go with the last reference to this, which calls that need it have, too.
final class BroadcastHolding: SuppliedValue {
  let client: Client
  let name: String

  init(_ client: Client, name: String) {
    self.client = client
    self.name = name
  }

  deinit {
    let engines = client.connection.standing.withLock { $0.remove(name) }
    client.references.forget(name)
    if !engines.isEmpty { client.release(name, on: engines) }
  }

  func supply(_ uuid: String, lacking asked: Timestamp) async throws {
    // The reply of a new engine may be here before the news of its registration.
    let engine = RegisteredEngine(id: client.engineID(uuid) ?? -1, uuid: uuid)
    do {
      try await client.connection.supply(name, to: engine)
    } catch is EngineError {}
  }
}

import MartletZeroMQ

/// The clients that want their queued tasks aborted when they disconnect (`abort_on_disconnect` in a task's metadata).
///
/// A client is known by its connection's descriptor, which libzmq names when the connection ends, and by its routing
/// identity, to which a reply can't be sent any more. The latter is all there is for `inproc`.
struct ClientWatch {
  private var clients: [Bytes: (name: String, descriptor: Int32?)] = [:]
  private var identities: [Int32: Set<Bytes>] = [:]

  /// A client submitted a task it wants aborted. The latest connection counts.
  mutating func watch(_ name: String, identity: Bytes, descriptor: Int32?) {
    if let known = clients[identity], known.descriptor != descriptor { forget(identity) }
    clients[identity] = (name, descriptor)
    if let descriptor { identities[descriptor, default: []].insert(identity) }
  }

  /// A connection ended: the names of the clients it served, which are forgotten.
  mutating func disconnected(_ descriptor: Int32) -> [String] {
    (identities[descriptor] ?? []).compactMap { undeliverable($0) }.sorted()
  }

  /// A reply can't be delivered: the name of its client if it is watched, which is forgotten.
  mutating func undeliverable(_ identity: Bytes) -> String? {
    defer { forget(identity) }
    return clients[identity]?.name
  }

  private mutating func forget(_ identity: Bytes) {
    guard let descriptor = clients.removeValue(forKey: identity)?.descriptor else { return }
    identities[descriptor]?.remove(identity)
    if identities[descriptor]?.isEmpty == true { identities[descriptor] = nil }
  }
}

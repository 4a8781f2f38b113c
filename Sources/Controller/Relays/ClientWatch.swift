import MartletZeroMQ

/// The clients whose queued tasks are aborted when they disconnect (`abort_on_disconnect` in a task's metadata).
///
/// A client is identified by the descriptor of its connection, which libzmq reports when the connection ends, and by its
/// routing identity, to which replies can no longer be sent. `inproc` has only the latter.
struct ClientWatch {
  private var clients: [Bytes: (name: String, descriptor: Int32?)] = [:]
  private var identities: [Int32: Set<Bytes>] = [:]

  /// Watches the client of a task. Its latest connection counts.
  mutating func watch(_ name: String, identity: Bytes, descriptor: Int32?) {
    if let known = clients[identity], known.descriptor != descriptor { forget(identity) }
    clients[identity] = (name, descriptor)
    if let descriptor { identities[descriptor, default: []].insert(identity) }
  }

  /// Forgets the clients of a connection that ended, and returns their names.
  mutating func disconnected(_ descriptor: Int32) -> [String] {
    (identities[descriptor] ?? []).compactMap { undeliverable($0) }.sorted()
  }

  /// Forgets the client to which a reply can't be delivered, and returns its name if it was watched.
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

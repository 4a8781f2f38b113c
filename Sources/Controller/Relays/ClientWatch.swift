import MartletZeroMQ

/// The clients whose queued tasks are aborted when they disconnect (`abort_on_disconnect` in a task's metadata).
///
/// A client is identified by the descriptor of its connection, which libzmq reports when the connection ends, and by its
/// routing identity, to which replies can no longer be sent. `inproc` has only the latter.
struct ClientWatch {
  private var clients: [Bytes: (name: String, descriptor: Int32?)] = [:]
  private var identities: [Int32: Set<Bytes>] = [:]
  /// The descriptors of connections that have ended, until they are those of others. Messages of theirs may still arrive.
  private var ended: Set<Int32> = []

  /// A connection was accepted.
  mutating func connected(_ descriptor: Int32) { ended.remove(descriptor) }

  /// Watches the client of a task. Its latest connection counts.
  ///
  /// - Returns: whether there is something to watch: the connection has not ended before its message arrived.
  mutating func watch(_ name: String, identity: Bytes, descriptor: Int32?) -> Bool {
    if let descriptor, ended.contains(descriptor) { return false }
    if let known = clients[identity], known.descriptor != descriptor { forget(identity) }
    clients[identity] = (name, descriptor)
    if let descriptor { identities[descriptor, default: []].insert(identity) }
    return true
  }

  /// Forgets the clients of a connection that ended, and returns their names.
  mutating func disconnected(_ descriptor: Int32) -> [String] {
    ended.insert(descriptor)
    return (identities[descriptor] ?? []).compactMap { undeliverable($0) }.sorted()
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

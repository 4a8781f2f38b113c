import MartletZeroMQ

/// The uuids of the registered engines by the routing identities that messages carry, so that looking one up makes no
/// string.
struct EngineNames {
  private struct Engine {
    var uuid = ""
    var id: Int?
    var identity = Bytes()
  }

  private var engines = Slab<Engine, Engine>(vacant: Engine())
  private var index = IdentifierTable<Engine>()

  /// Adds an engine that registered.
  mutating func insert(_ uuid: String, id: Int? = nil) {
    let identity = Bytes(uuid)
    let hash = identity.withSpan { $0.identifierHash }
    guard find(identity, hash) == nil else { return }
    index.insert(hash: hash, engines.insert(Engine(uuid: uuid, id: id, identity: identity)))
  }

  /// Removes an engine that is gone.
  mutating func remove(_ uuid: String) {
    let identity = Bytes(uuid)
    let hash = identity.withSpan { $0.identifierHash }
    guard let engine = find(identity, hash) else { return }
    index.remove(hash: hash, engine)
    engines.remove(engine)
  }

  /// The registered engine that a frame names, if any.
  func uuid(in message: borrowing Multipart, at frame: Int) -> String? {
    let engine = index.find(hash: message.bytes(at: frame).identifierHash) {
      message.frame(frame, equals: engines[$0].identity)
    }
    return engine.map { engines[$0].uuid }
  }

  /// The integer id of a registered engine.
  func id(of uuid: String) -> Int? {
    let identity = Bytes(uuid)
    return find(identity, identity.withSpan { $0.identifierHash }).flatMap { engines[$0].id }
  }

  private func find(_ identity: Bytes, _ hash: UInt32) -> Handle<Engine>? {
    index.find(hash: hash) { engines[$0].identity == identity }
  }
}

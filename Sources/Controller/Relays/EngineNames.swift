import MartletZeroMQ

/// The uuids of the registered engines, found by the routing identities that messages carry, so that no text is made
/// for each message.
struct EngineNames {
  private var engines: [(uuid: String, identity: Bytes)] = []
  private var freeSlots: [Int32] = []
  private var index = IdentifierTable()

  /// An engine registered.
  mutating func insert(_ uuid: String) {
    let identity = Bytes(uuid)
    let hash = identity.withSpan { Self.hash($0) }
    guard find(identity, hash) == nil else { return }
    if let slot = freeSlots.popLast() {
      engines[Int(slot)] = (uuid, identity)
      index.insert(hash: hash, slot: slot)
    } else {
      index.insert(hash: hash, slot: Int32(engines.count))
      engines.append((uuid, identity))
    }
  }

  /// An engine is gone.
  mutating func remove(_ uuid: String) {
    let identity = Bytes(uuid)
    let hash = identity.withSpan { Self.hash($0) }
    guard let slot = find(identity, hash) else { return }
    index.remove(hash: hash, slot: slot)
    engines[Int(slot)] = ("", Bytes())
    freeSlots.append(slot)
  }

  /// The registered engine that a frame names; nil if it is none.
  func uuid(in message: borrowing Multipart, at frame: Int) -> String? {
    let slot = index.find(hash: Self.hash(message.bytes(at: frame))) {
      message.frame(frame, equals: engines[Int($0)].identity)
    }
    return slot.map { engines[Int($0)].uuid }
  }

  private func find(_ identity: Bytes, _ hash: UInt32) -> Int32? {
    index.find(hash: hash) { engines[Int($0)].identity == identity }
  }

  private static func hash(_ span: Span<UInt8>) -> UInt32 {
    var hasher = Hasher()
    span.withUnsafeBytes { hasher.combine(bytes: $0) }
    return UInt32(truncatingIfNeeded: hasher.finalize())
  }
}

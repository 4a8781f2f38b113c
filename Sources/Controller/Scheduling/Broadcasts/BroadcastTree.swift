/// The shape of ipyparallel's tree of broadcast schedulers, of which only the order of the leaves is visible outside.
///
/// The original walks down `depth` levels by the bits of `engine id % 2^depth`, the most significant first, and merges
/// the replies of child 0 before those of child 1. So a coalesced reply holds the leaves in ascending order, and within
/// a leaf the targets in the order of the request.
struct BroadcastTree: Hashable, Sendable {
  /// How many levels are below the root; 0 makes the root the only leaf.
  let depth: Int

  /// A tree; ipyparallel's default depth is 1. Depths outside 0...16 are clamped.
  init(depth: Int = 1) {
    self.depth = min(max(depth, 0), 16)
  }

  /// How many leaves, and so broadcast endpoints for engines, there are.
  var leafCount: Int { 1 << depth }

  /// The leaf an engine is connected to, by its integer id.
  func leaf(ofEngineID id: Int) -> Int {
    id & (leafCount - 1)
  }

  /// The name of a leaf's scheduler: the bits of its path after the root's `0`.
  func path(ofLeaf leaf: Int) -> String {
    let bits = String(leaf, radix: 2)
    return String(repeating: "0", count: max(0, depth + 1 - bits.count)) + bits
  }

  /// The targets in the order in which the tree reaches and merges them; a uuid named twice counts once.
  func ordered(_ targets: [BroadcastTarget]) -> [BroadcastTarget] {
    var seen: Set<EngineIdentity> = []
    return targets.filter { seen.insert($0.engine).inserted }
      .enumerated()
      .sorted { (leaf(ofEngineID: $0.element.id), $0.offset) < (leaf(ofEngineID: $1.element.id), $1.offset) }
      .map(\.element)
  }

  /// The `msg_id` under which a target gets the message, and for which a client that doesn't coalesce waits.
  static func messageID(original: String, target: EngineIdentity) -> String {
    "\(original)_\(target)"
  }
}

/// An engine named in the `targets` of a broadcast: `[uuid, id]`.
struct BroadcastTarget: Hashable, Sendable {
  /// The uuid.
  let engine: EngineIdentity
  /// The integer id.
  let id: Int
}

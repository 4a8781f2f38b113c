/// An open-addressing hash table from identifiers to slots that stores only hashes and slots.
///
/// The identifiers live in the records the slots point to, so that each is hashed once at submission and once at its
/// reply, and removal needs neither hashing nor comparison.
struct IdentifierTable {
  /// `hash << 32 | slot + 1`; zero is an empty place.
  private var entries: [UInt64]
  private var mask: Int
  private(set) var count = 0

  init() {
    entries = Array(repeating: 0, count: 64)
    mask = 63
  }

  static func hash(_ identifier: String) -> UInt32 {
    UInt32(truncatingIfNeeded: identifier.hashValue)
  }

  /// The slot stored under `hash` for which `matches` holds.
  func find(hash: UInt32, where matches: (Int32) -> Bool) -> Int32? {
    var place = Int(hash) & mask
    while entries[place] != 0 {
      let entry = entries[place]
      if UInt32(entry >> 32) == hash {
        let slot = Self.slot(of: entry)
        if matches(slot) { return slot }
      }
      place = (place + 1) & mask
    }
    return nil
  }

  /// Adds a slot that is not in the table.
  mutating func insert(hash: UInt32, slot: Int32) {
    if (count + 1) * 2 > entries.count { grow() }
    put(UInt64(hash) << 32 | UInt64(UInt32(bitPattern: slot) + 1))
    count += 1
  }

  /// Removes a slot, closing the gap so that later probes need no tombstones.
  mutating func remove(hash: UInt32, slot: Int32) {
    var gap = Int(hash) & mask
    while entries[gap] != 0 && Self.slot(of: entries[gap]) != slot { gap = (gap + 1) & mask }
    guard entries[gap] != 0 else { return }
    count -= 1
    var place = gap
    while true {
      place = (place + 1) & mask
      let entry = entries[place]
      if entry == 0 { break }
      let home = Int(entry >> 32) & mask
      if (place - home) & mask >= (place - gap) & mask {
        entries[gap] = entry
        gap = place
      }
    }
    entries[gap] = 0
  }

  private static func slot(of entry: UInt64) -> Int32 {
    Int32(bitPattern: UInt32(truncatingIfNeeded: entry) &- 1)
  }

  private mutating func put(_ entry: UInt64) {
    var place = Int(entry >> 32) & mask
    while entries[place] != 0 { place = (place + 1) & mask }
    entries[place] = entry
  }

  private mutating func grow() {
    let old = entries
    entries = Array(repeating: 0, count: old.count * 2)
    mask = entries.count - 1
    for entry in old where entry != 0 { put(entry) }
  }
}

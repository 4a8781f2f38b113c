/// An open-addressing hash table from identifiers to handles that stores only hashes and handles.
///
/// The identifiers are in the records that the handles refer to. An identifier is hashed when it is looked up; removing
/// it needs neither its hash computed again nor a comparison. The table is between one eighth and one half full, unless
/// it has its smallest size.
struct IdentifierTable<Tag>: Sendable {
  /// `hash << 32 | index + 1`; zero marks an empty place.
  private var entries: [UInt64]
  private var mask: Int
  private(set) var count = 0

  private static var smallestCapacity: Int { 64 }

  init() {
    entries = Array(repeating: 0, count: Self.smallestCapacity)
    mask = Self.smallestCapacity - 1
  }

  /// The number of places.
  var capacity: Int { entries.count }

  /// The handle stored under `hash` for which `matches` holds.
  func find(hash: UInt32, where matches: (Handle<Tag>) -> Bool) -> Handle<Tag>? {
    var place = Int(hash) & mask
    while entries[place] != 0 {
      let entry = entries[place]
      if UInt32(entry >> 32) == hash {
        let handle = Self.handle(of: entry)
        if matches(handle) { return handle }
      }
      place = (place + 1) & mask
    }
    return nil
  }

  /// Adds a handle that is not in the table.
  mutating func insert(hash: UInt32, _ handle: Handle<Tag>) {
    if (count + 1) * 2 > entries.count { resize(to: entries.count * 2) }
    put(UInt64(hash) << 32 | UInt64(UInt32(bitPattern: handle.index) + 1))
    count += 1
  }

  /// Removes a handle. Entries behind it move up, so that there are no tombstones.
  mutating func remove(hash: UInt32, _ handle: Handle<Tag>) {
    var gap = Int(hash) & mask
    while entries[gap] != 0 && Self.handle(of: entries[gap]) != handle { gap = (gap + 1) & mask }
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
    if count * 8 < entries.count, entries.count > Self.smallestCapacity { resize(to: entries.count / 2) }
  }

  private static func handle(of entry: UInt64) -> Handle<Tag> {
    Handle(index: Int32(bitPattern: UInt32(truncatingIfNeeded: entry) &- 1))
  }

  private mutating func put(_ entry: UInt64) {
    var place = Int(entry >> 32) & mask
    while entries[place] != 0 { place = (place + 1) & mask }
    entries[place] = entry
  }

  private mutating func resize(to capacity: Int) {
    let old = entries
    entries = Array(repeating: 0, count: capacity)
    mask = capacity - 1
    for entry in old where entry != 0 { put(entry) }
  }
}

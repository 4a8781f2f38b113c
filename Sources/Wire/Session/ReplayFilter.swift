/// Remembers the signatures seen last and refuses a second message with one of them.
///
/// Memory is bounded: the oldest is forgotten when the limit is reached, as a sender's messages carry a date and an
/// id that make every signature different.
public struct ReplayFilter: Sendable {
  /// The fingerprints, the oldest at `next` when there are as many as the limit.
  private var ring: [UInt64] = []
  private var next = 0
  /// An open-addressing table of where fingerprints are in the ring, plus one; 0 is free. A fingerprint is random
  /// already, so its low bits say where to look: nothing is hashed. At least half of the table is free.
  private var table: [UInt32] = Array(repeating: 0, count: 64)
  /// Those that may come once more.
  private var readmitted: Set<UInt64> = []
  private let limit: Int

  /// A filter.
  ///
  /// - Parameter limit: how many signatures are remembered; 65,536 as in jupyter_client.
  public init(limit: Int = 65_536) { self.limit = min(max(limit, 1), Int(UInt32.max) - 1) }

  /// Notes a signature's fingerprint.
  ///
  /// - Returns: whether it is new, or was readmitted.
  public mutating func insert(_ fingerprint: UInt64) -> Bool {
    var slot = home(fingerprint)
    while table[slot] != 0 {
      if ring[Int(table[slot]) - 1] == fingerprint { return readmitted.remove(fingerprint) != nil }
      slot = after(slot)
    }
    if ring.count < limit {
      ring.append(fingerprint)
      table[slot] = UInt32(ring.count)
      if ring.count * 2 > table.count { grow() }
    } else {
      // Its place may lie between the free slot and the home, so the slot is looked for again.
      remove(ring[next])
      if !readmitted.isEmpty { readmitted.remove(ring[next]) }
      ring[next] = fingerprint
      table[freeSlot(for: fingerprint)] = UInt32(next + 1)
      next = (next + 1) % limit
    }
    return true
  }

  /// Lets a fingerprint that was seen pass once more.
  public mutating func readmit(_ fingerprint: UInt64) {
    var slot = home(fingerprint)
    while table[slot] != 0 {
      if ring[Int(table[slot]) - 1] == fingerprint { readmitted.insert(fingerprint) }
      slot = after(slot)
    }
  }

  private func home(_ fingerprint: UInt64) -> Int { Int(truncatingIfNeeded: fingerprint) & (table.count - 1) }

  private func after(_ slot: Int) -> Int { (slot + 1) & (table.count - 1) }

  private func freeSlot(for fingerprint: UInt64) -> Int {
    var slot = home(fingerprint)
    while table[slot] != 0 { slot = after(slot) }
    return slot
  }

  private mutating func grow() {
    table = Array(repeating: 0, count: table.count * 2)
    for index in ring.indices { table[freeSlot(for: ring[index])] = UInt32(index + 1) }
  }

  private mutating func remove(_ fingerprint: UInt64) {
    var free = home(fingerprint)
    while ring[Int(table[free]) - 1] != fingerprint { free = after(free) }
    // Those behind are moved up, unless they are between their home and the free slot, so that no gap hides one.
    var slot = after(free)
    while table[slot] != 0 {
      let distance = (slot - home(ring[Int(table[slot]) - 1])) & (table.count - 1)
      if distance >= (slot - free) & (table.count - 1) {
        table[free] = table[slot]
        free = slot
      }
      slot = after(slot)
    }
    table[free] = 0
  }
}

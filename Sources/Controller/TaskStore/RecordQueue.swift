import DequeModule

/// Records in some order, oldest first, from which one in the middle can be dropped without a search.
///
/// A dropped record leaves its entry behind. The owner says of an entry whether its record is still there; entries
/// without one are passed over, and swept out when they outnumber the others, so that every operation takes constant
/// time on average.
struct RecordQueue {
  /// A record and the number it was given when it was added, which tells it from a later one with the same id.
  struct Entry {
    let messageID: String
    let serial: Int
  }

  private(set) var entries: Deque<Entry> = []

  mutating func append(_ entry: Entry) { entries.append(entry) }

  /// Removes and returns the oldest entry whose record is still there.
  mutating func popFirst(where isLive: (Entry) -> Bool) -> Entry? {
    while let entry = entries.popFirst() {
      if isLive(entry) { return entry }
    }
    return nil
  }

  /// Sweeps out entries without records if there may be more of them than of others.
  ///
  /// - Parameter liveCount: No fewer than the entries that have a record.
  mutating func sweep(liveCount: Int, where isLive: (Entry) -> Bool) {
    guard entries.count > 2 * liveCount + 64 else { return }
    entries.removeAll { !isLive($0) }
  }
}

/// Remembers the signatures seen last and refuses a second message with one of them.
///
/// Memory is bounded: at least as many as the limit are remembered, at most twice as many, as a sender's messages carry a
/// date and an id that make every signature different. Two generations are kept, and the older is forgotten as a whole
/// when the younger is full: a signature costs one look into each.
public struct ReplayFilter: Sendable {
  private var younger = Generation()
  private var older = Generation()
  /// How many fingerprints make a generation.
  private let limit: Int

  /// A filter.
  ///
  /// - Parameter limit: how many signatures are remembered at least; 65,536 as in jupyter_client.
  public init(limit: Int = 65_536) { self.limit = max(limit, 1) }

  /// Notes a signature's fingerprint.
  ///
  /// - Returns: whether it is new, or was readmitted.
  public mutating func insert(_ fingerprint: UInt64) -> Bool {
    let fingerprint = max(fingerprint, Generation.firstFingerprint)
    guard !older.contains(fingerprint), younger.insert(fingerprint) else { return false }
    if younger.count == limit {
      swap(&younger, &older)
      younger.removeAll()
    }
    return true
  }

  /// Lets a fingerprint that was seen pass once more.
  public mutating func readmit(_ fingerprint: UInt64) {
    let fingerprint = max(fingerprint, Generation.firstFingerprint)
    younger.forget(fingerprint)
    older.forget(fingerprint)
  }
}

/// A set of fingerprints: an open-addressing table, at least half of it free. A fingerprint is random already, so its low
/// bits say where to look: nothing is hashed.
private struct Generation: Sendable {
  private static let free: UInt64 = 0
  /// In the place of one that was forgotten, so that no gap hides those behind it.
  private static let forgotten: UInt64 = 1
  /// The least that is not taken for one of the two above.
  static let firstFingerprint: UInt64 = 2

  private var places: [UInt64] = Array(repeating: free, count: 64)
  /// How many have been inserted, forgotten ones included.
  private(set) var count = 0

  func contains(_ fingerprint: UInt64) -> Bool { places[place(of: fingerprint)] == fingerprint }

  /// Returns whether it was not there.
  mutating func insert(_ fingerprint: UInt64) -> Bool {
    let place = place(of: fingerprint)
    guard places[place] != fingerprint else { return false }
    places[place] = fingerprint
    count += 1
    if count * 2 > places.count { grow() }
    return true
  }

  mutating func forget(_ fingerprint: UInt64) {
    let place = place(of: fingerprint)
    if places[place] == fingerprint { places[place] = Self.forgotten }
  }

  /// Keeps the room.
  mutating func removeAll() {
    for place in places.indices { places[place] = Self.free }
    count = 0
  }

  /// Where a fingerprint is, or where it would be.
  private func place(of fingerprint: UInt64) -> Int {
    var place = Int(truncatingIfNeeded: fingerprint) & (places.count - 1)
    while places[place] != Self.free, places[place] != fingerprint { place = (place + 1) & (places.count - 1) }
    return place
  }

  private mutating func grow() {
    let old = places
    places = Array(repeating: Self.free, count: old.count * 2)
    for fingerprint in old where fingerprint >= Self.firstFingerprint { places[place(of: fingerprint)] = fingerprint }
  }
}

/// Remembers recent signatures to reject a second message with one of them. A sender's messages contain a date and an id,
/// so every signature is different.
///
/// Memory is bounded: the filter remembers at least as many signatures as its limit and at most twice as many. It has two
/// generations and drops the older as a whole when the younger is full; a signature costs one look-up in each.
package struct ReplayFilter: Sendable {
  private var younger = Generation()
  private var older = Generation()
  /// The size of a generation.
  private let limit: Int

  /// A filter.
  ///
  /// - Parameter limit: the least number of signatures to remember; 65,536 as in jupyter_client.
  package init(limit: Int = 65_536) { self.limit = max(limit, 1) }

  /// Remembers a signature's fingerprint.
  ///
  /// - Returns: whether it is new, or was readmitted.
  package mutating func insert(_ fingerprint: UInt64) -> Bool {
    let fingerprint = max(fingerprint, Generation.firstFingerprint)
    guard !older.contains(fingerprint), younger.insert(fingerprint) else { return false }
    if younger.count == limit {
      swap(&younger, &older)
      younger.removeAll()
    }
    return true
  }

  /// Lets a remembered fingerprint pass once more.
  package mutating func readmit(_ fingerprint: UInt64) {
    let fingerprint = max(fingerprint, Generation.firstFingerprint)
    younger.forget(fingerprint)
    older.forget(fingerprint)
  }
}

/// A set of fingerprints: an open-addressing table, at least half of which is free. Fingerprints are as good as random, so
/// their low bits serve as hash values.
private struct Generation: Sendable {
  private static let free: UInt64 = 0
  /// Takes the place of a removed fingerprint, so that no gap hides the ones behind it.
  private static let forgotten: UInt64 = 1
  /// The least value that is distinct from the two above.
  static let firstFingerprint: UInt64 = 2

  private var places: [UInt64] = Array(repeating: free, count: 64)
  /// How many fingerprints have been inserted, including removed ones.
  private(set) var count = 0

  func contains(_ fingerprint: UInt64) -> Bool { places[place(of: fingerprint)] == fingerprint }

  /// Returns whether the fingerprint is new.
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

  /// Empties the table and keeps its memory.
  mutating func removeAll() {
    for place in places.indices { places[place] = Self.free }
    count = 0
  }

  /// The index of a fingerprint, or the free one where it belongs.
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

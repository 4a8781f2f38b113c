/// Remembers the signatures seen last and refuses a second message with one of them.
///
/// Memory is bounded: the oldest is forgotten when the limit is reached, as a sender's messages carry a date and an
/// id that make every signature different.
public struct ReplayFilter: Sendable {
  private var seen: Set<UInt64>
  private var ring: [UInt64] = []
  private var next = 0
  private let limit: Int

  /// A filter.
  ///
  /// - Parameter limit: how many signatures are remembered; 65,536 as in jupyter_client.
  public init(limit: Int = 65_536) {
    self.limit = max(limit, 1)
    seen = []
  }

  /// Notes a signature's fingerprint.
  ///
  /// - Returns: whether it is new.
  public mutating func insert(_ fingerprint: UInt64) -> Bool {
    guard seen.insert(fingerprint).inserted else { return false }
    if ring.count < limit {
      ring.append(fingerprint)
    } else {
      seen.remove(ring[next])
      ring[next] = fingerprint
      next = (next + 1) % limit
    }
    return true
  }
}

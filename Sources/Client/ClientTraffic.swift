import MartletWire

/// Messages a client got that reached nobody.
public struct ClientTraffic: Sendable, Hashable {
  /// Messages that were unsigned, wrongly signed, seen before or malformed, by kind.
  public internal(set) var refused = RejectionCounts()
  /// Replies that came after their engine was reported dead or their wait was given up.
  public internal(set) var lateReplies = 0
  /// Second replies, and replies to what this client never asked.
  public internal(set) var unexpectedReplies = 0

  /// Nothing yet.
  public init() {}
}

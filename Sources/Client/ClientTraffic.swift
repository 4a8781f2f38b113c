import MartletWire

/// How many messages a client has refused or dropped.
public struct ClientTraffic: Sendable, Hashable {
  /// Messages that were unsigned, wrongly signed, replayed or malformed, by kind.
  public internal(set) var refused = RejectionCounts()
  /// Replies that arrived after their engine was reported dead or their query had timed out.
  public internal(set) var lateReplies = 0
  /// Second replies, and replies to requests this client has never made.
  public internal(set) var unexpectedReplies = 0

  /// Makes counts of zero.
  public init() {}
}

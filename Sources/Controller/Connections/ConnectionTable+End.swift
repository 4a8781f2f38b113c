/// Which connections are to be ended, and why.
extension ConnectionTable {
  /// Why a connection is ended.
  enum Reason: String, Sendable {
    case held = "it holds too much memory with a message that does not end"
    case backlog = "the subscriber does not read"
    case unread = "memory is short, and the peer does not read"
    case quiet = "memory is short, and it may hold a message that does not end"
    case mute = "no beat came from it"
    case silent = "its peer's system does not acknowledge what was sent"
    case unreachable = "its peer may not be reachable over it"
    case revoked = "the key of its peer was revoked"
    case unidentified = "a key was revoked, and it may be that of its peer"
  }

  /// A connection to end.
  struct End: Equatable, Sendable {
    let descriptor: Int32
    let reason: Reason
  }
}

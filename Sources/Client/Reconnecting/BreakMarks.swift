/// Which requests were sent before a connection of theirs broke, so that they or their replies may be lost. A value without
/// I/O.
///
/// A mark is the number of requests sent so far. Marks stay: a recovery ends when a connection breaks again, and what it had
/// not found out is asked again.
struct BreakMarks: Sendable {
  /// For each of the sockets that requests are sent on.
  private var channels: [RequestChannel: UInt64] = [:]
  /// For the sockets that only receive, if one of them has broken since ``takeOutput()``.
  private var output: UInt64?
  /// For all sockets, if there is another controller now.
  private var latest: UInt64 = 0

  /// A connection broke.
  ///
  /// - Parameter channel: `nil` for the sockets that only receive.
  mutating func broke(_ channel: RequestChannel?, at mark: UInt64) {
    if let channel { channels[channel] = mark } else { output = mark }
    latest = mark
  }

  /// All connections were given up at once, or belonged to a controller that was restarted.
  mutating func brokeEverywhere(at mark: UInt64) {
    for channel in RequestChannel.allCases { channels[channel] = mark }
    output = mark
    latest = mark
  }

  /// Another controller answers: it knows nothing of what was sent before any of the connections broke.
  mutating func controllerWasReplaced() { brokeEverywhere(at: latest) }

  /// The mark of a channel: requests below it may be lost.
  func mark(of channel: RequestChannel) -> UInt64 { channels[channel] ?? 0 }

  /// The mark below which the output of requests may be lost, told once; `nil` if none is.
  mutating func takeOutput() -> UInt64? {
    defer { output = nil }
    return output
  }
}

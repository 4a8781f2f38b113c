/// The numbers by which clients take turns: of those with queued tasks of the same priority, the one with the lowest turn is
/// served next.
///
/// A client that is served goes to the end of the line. One that comes stands before the client that was served last, and
/// behind all others: so an urgent call doesn't wait for a second task of another client's batch, and clients that come
/// again and again don't keep the others waiting. Turns only grow.
struct ClientTurns: Sendable {
  private var latest = 0
  /// How many clients have come since the last one was served.
  private var comers = 0

  /// The room between the turns of two clients that are served one after the other, for those that come.
  private static let step = 1 << 16

  /// The turn of a client one of whose tasks is given to an engine.
  mutating func served() -> Int {
    latest += Self.step
    comers = 0
    return latest
  }

  /// The turn of a client that had no queued tasks and has one now.
  ///
  /// - Parameter former: the one that it had.
  mutating func came(_ former: Int) -> Int {
    comers = min(comers + 1, Self.step - 1)
    return max(former, latest - Self.step + comers)
  }
}

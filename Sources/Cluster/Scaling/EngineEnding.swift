/// How an engine ended that was not told to, and what becomes of it.
struct EngineEnding: Sendable, Hashable {
  /// What follows.
  enum Fate: Sendable, Hashable {
    case restarted, waits, givenUp, staysAway
  }

  /// How it ended, as a clause.
  var reason: String
  /// How often it has.
  var count: Int
  var fate: Fate

  /// A line for people.
  func note(_ name: String) -> String {
    let often = count > 1 ? " \(count) times, the last time because" : ":"
    let next =
      switch fate {
      case .restarted: "it was started again"
      case .waits: "it waits for its next start"
      case .givenUp: "it is given up"
      case .staysAway: "it stays away"
      }
    return "\(name) ended\(often) \(reason); \(next)"
  }
}

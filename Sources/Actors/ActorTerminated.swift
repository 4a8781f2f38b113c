/// An actor doesn't exist any more: it was released, or its engine has left the cluster.
public struct ActorTerminated: Error, Codable, Sendable, Hashable, CustomStringConvertible {
  /// The actor's id, as a text.
  public let actor: String
  /// The engine on which it lived, if that is known.
  public let engineID: Int?
  /// Why it has ended, for people.
  public let reason: String

  /// Makes an error for an actor.
  public init(actor: String, engineID: Int?, reason: String) {
    self.actor = actor
    self.engineID = engineID
    self.reason = reason
  }

  /// One line that names the actor, the engine and the reason.
  public var description: String {
    let place = engineID.map { " on engine \($0)" } ?? ""
    return "the actor \(actor)\(place) has ended: \(reason)"
  }

  static let releasedReason = "it was released"
}

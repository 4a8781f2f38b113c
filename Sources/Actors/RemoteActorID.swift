import MartletClient

/// The name of an actor, by which every process of the cluster can call it: `TYPE/NUMBER@PLACE`.
///
/// It is what a `distributed actor` has as its `id`. It travels as that text, also to Python, and so does an actor that is
/// passed as an argument. The id that ``RemoteActor`` gives keeps the actor alive, with all its copies; one that was decoded
/// or made from a text does not.
public struct RemoteActorID: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The name of the actor's type.
  public let type: String
  /// The uuid of the engine on which the actor lives, or the name of another process.
  public let place: String
  /// The actor's number there.
  public let number: Int
  /// Keeps the actor alive; `nil` in an id that doesn't.
  let lease: ActorLease?

  init(type: String, place: String, number: Int, lease: ActorLease? = nil) {
    self.type = type
    self.place = place
    self.number = number
    self.lease = lease
  }

  /// Reads the text of an id.
  ///
  /// - Returns: `nil` if it is none.
  public init?(_ text: String) {
    guard let at = text.lastIndex(of: "@"), let slash = text[..<at].lastIndex(of: "/"),
      let number = Int(text[text.index(after: slash)..<at]), number >= 0
    else { return nil }
    self.init(type: String(text[..<slash]), place: String(text[text.index(after: at)...]), number: number)
    guard !type.isEmpty, !place.isEmpty, description == text else { return nil }
  }

  /// The text of the id.
  public var description: String { "\(type)/\(number)@\(place)" }

  /// Whether two ids name the same actor.
  public static func == (one: RemoteActorID, other: RemoteActorID) -> Bool {
    one.number == other.number && one.place == other.place && one.type == other.type
  }

  /// Hashes what ``==(_:_:)`` compares.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(number)
    hasher.combine(place)
    hasher.combine(type)
  }

  /// Decodes the text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let id = Self(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "found a str that is not an actor's id, TYPE/NUMBER@PLACE")
    }
    self = id
  }

  /// Encodes the text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// The same id, which keeps the actor alive.
  func leased(_ client: Client) -> RemoteActorID {
    RemoteActorID(type: type, place: place, number: number, lease: ActorLease(self, client))
  }
}

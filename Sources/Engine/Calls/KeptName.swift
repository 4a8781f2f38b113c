import MartletWire

/// A name that a request sets for a client, to be removed when the client no longer says that it needs its names.
struct KeptName: Sendable, Hashable {
  let name: String
  /// The client.
  let owner: String
  /// How long the name is kept after the client was last heard of.
  let time: Duration

  init(name: String, owner: String, time: Duration) {
    self.name = name
    self.owner = owner
    self.time = time
  }

  /// Reads the field `keep` of a request's metadata.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  init(_ json: JSONValue) throws(WireError) {
    guard let name = json["name"]?.stringValue, Identifier.isValid(name), let owner = json["owner"]?.stringValue else {
      throw WireError(.malformedJSON, "metadata keep lacks name, a Python identifier, or owner, a text")
    }
    self.init(name: name, owner: owner, time: try Self.time(json))
  }

  /// The seconds in metadata or in a `lease_request`.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``.
  static func time(_ json: JSONValue) throws(WireError) -> Duration {
    guard let seconds = json["seconds"]?.doubleValue, seconds.isFinite, seconds >= 0 else {
      throw WireError(.malformedJSON, "a lease lacks seconds, a number that is not negative")
    }
    return .seconds(min(seconds, 1e9))
  }
}

/// The value of a ``RemoteReference`` is gone, with its engine or from it.
public struct ReferenceLost: Error, Sendable, Hashable, CustomStringConvertible {
  /// The name of the value.
  public let name: String
  /// The id of the engine that had the value.
  public let engineID: Int
  /// The unique name of the engine that had the value.
  public let engineUUID: String
  /// One line that names the value and the engine, and says what has become of it.
  public let description: String

  init(_ name: String, _ engine: RegisteredEngine, _ reason: String) {
    self.name = name
    (engineID, engineUUID) = (engine.id, engine.uuid)
    description = "\(name) is lost: \(reason); compute it again"
  }

  /// The engine has left.
  static func engineGone(_ name: String, _ engine: RegisteredEngine) -> ReferenceLost {
    ReferenceLost(name, engine, "engine \(engine.id), which had it, is gone")
  }

  /// The engine has no such name.
  static func nameGone(_ name: String, _ engine: RegisteredEngine) -> ReferenceLost {
    ReferenceLost(
      name, engine,
      "engine \(engine.id) doesn't have it any more, because it was cleared or has not heard of this client for too long"
    )
  }
}

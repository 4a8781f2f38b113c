import MartletZeroMQ

/// An engine that is registered with the hub.
public struct RegisteredEngine: Sendable, Hashable, CustomStringConvertible {
  /// The engine's number in the cluster, by which views name it.
  public let id: Int
  /// The engine's unique name. No other engine ever has it, even if it gets the same ``id``.
  public let uuid: String
  /// The engine's routing identity on the mux and control sockets.
  let frame: Bytes

  /// The id and the unique name.
  public var description: String { "engine \(id) (\(uuid))" }

  /// Makes a description of an engine.
  ///
  /// - Parameters:
  ///   - id: the engine's number in the cluster.
  ///   - uuid: the engine's unique name, which is also its routing identity.
  public init(id: Int, uuid: String) {
    self.id = id
    self.uuid = uuid
    frame = Bytes(uuid)
  }
}

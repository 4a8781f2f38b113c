import MartletZeroMQ

/// A registered engine.
public struct EngineIdentity: Sendable, Hashable {
  /// Its number in the cluster.
  public let id: Int
  /// Its unique name, which is also its routing identity.
  public let uuid: String
  /// The routing identity as a frame.
  let frame: Bytes

  /// An engine by number and unique name.
  public init(id: Int, uuid: String) {
    self.id = id
    self.uuid = uuid
    frame = Bytes(uuid)
  }
}

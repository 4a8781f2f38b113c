/// The identity of an engine: the uuid it registered with, which is also the routing identity of its sockets.
public struct EngineIdentity: Hashable, Sendable, CustomStringConvertible {
  /// The uuid as text.
  public let rawValue: String

  /// Wraps the uuid of an engine.
  public init(_ rawValue: String) {
    self.rawValue = rawValue
  }

  /// The uuid as text.
  public var description: String { rawValue }
}

/// The result of a function that returns nothing; None to Python.
public struct NoValue: Codable, Sendable, Hashable, CustomStringConvertible {
  /// Nothing.
  public init() {}

  /// Takes anything for nothing.
  public init(from decoder: any Decoder) {}

  /// Encodes nil.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encodeNil()
  }

  /// `()`.
  public var description: String { "()" }
}

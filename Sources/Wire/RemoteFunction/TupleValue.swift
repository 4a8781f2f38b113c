/// The values of a tuple, which a function returns; a tuple to Python.
///
/// ```swift
/// let (mean, deviation) = try await view.apply(statistics, numbers).value.values
/// ```
public struct TupleValue<each Part: Codable & Sendable>: Codable, Sendable {
  /// The tuple.
  public let values: (repeat each Part)

  /// A tuple of some values.
  public init(_ values: repeat each Part) { self.values = (repeat each values) }

  /// Decodes a tuple, or a list, of as many values.
  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    var expected = 0
    for _ in repeat (each Part).self { expected += 1 }
    // First, because the compiler (6.3) can't destroy what was decoded.
    guard container.count ?? expected == expected else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "found \(container.count ?? 0) values, expected \(expected)")
    }
    values = (repeat try container.decode((each Part).self))
  }

  /// Encodes a tuple, and for encoders other than this module's a list.
  public func encode(to encoder: any Encoder) throws {
    if let node = encoder as? EncodingNode {
      var items: [PickleValue] = []
      for value in repeat each values { items.append(try PickleEncoding.value(value, path: node.codingPath)) }
      return node.set(.tuple(items))
    }
    var container = encoder.unkeyedContainer()
    for value in repeat each values { try container.encode(value) }
  }
}

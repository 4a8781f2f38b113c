import Foundation
import MartletZeroMQ

extension PickleValue {
  /// Encodes anything `Encodable`.
  ///
  /// A keyed container becomes a `dict` with `str` keys (`int` keys for a dictionary with `Int` keys), an unkeyed one a
  /// `list`, nil becomes `None`, `[UInt8]`, `Data` and `Bytes` become `bytes`, and a `Date` becomes a `datetime` in UTC.
  /// A dictionary with other keys becomes a list of alternating keys and values, as Swift encodes it. Arrays of numbers travel
  /// packed, and Python reads them as lists. What is decoded is equal to what was encoded: a nil inside of an optional that
  /// isn't nil is a tuple with None in it, and dates keep their precision.
  ///
  /// - Throws: `EncodingError`.
  public init(encoding value: some Encodable) throws {
    self = try PickleEncoding.value(value, path: [])
    do {
      try checkSize()
    } catch {
      throw EncodingError.invalidValue(value, .init(codingPath: [], debugDescription: error.message))
    }
  }

  /// Decodes a Swift type.
  ///
  /// Unkeyed containers read a list, tuple, set or one-dimensional array of numbers; `Double` and `Float` also accept an
  /// `int`; integers of every width are checked for range.
  ///
  /// - Throws: `DecodingError`, which says where, what was found and what was expected.
  public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
    try PickleDecoding.value(self, as: type, path: [])
  }
}

/// Only the coders in this module support ``PickleValue``.
extension PickleValue: Codable {
  /// Throws unless the encoder is the one of ``init(encoding:)``, which accepts values unchanged.
  public func encode(to encoder: any Encoder) throws {
    guard let node = encoder as? EncodingNode else {
      throw EncodingError.invalidValue(
        self, .init(codingPath: encoder.codingPath, debugDescription: "a PickleValue can only be encoded as pickle"))
    }
    node.set(self)
  }

  /// Throws unless the decoder is the one of ``decode(_:)``.
  public init(from decoder: any Decoder) throws {
    guard let node = decoder as? DecodingNode else {
      throw DecodingError.typeMismatch(
        PickleValue.self,
        .init(codingPath: decoder.codingPath, debugDescription: "a PickleValue can only be decoded from pickle"))
    }
    self = node.value
  }
}

extension NDArray: Codable {
  /// Encodes as an array.
  public func encode(to encoder: any Encoder) throws { try PickleValue.array(self).encode(to: encoder) }

  /// Decodes an array.
  public init(from decoder: any Decoder) throws {
    let value = try PickleValue(from: decoder)
    guard case .array(let array) = value else {
      throw PickleDecoding.mismatch(NDArray.self, "an array", value, decoder.codingPath)
    }
    self = array
  }
}

extension Bytes: Codable {
  /// Encodes as `bytes`, and for other encoders as a list of numbers.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(array)
  }

  /// Decodes `bytes`, and for other decoders a list of numbers.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([UInt8].self))
  }
}

/// A dictionary that becomes a `dict` with `int` keys.
extension Dictionary: SpecialEncoding where Key == Int {
  func encodedOptional(_ path: [any CodingKey]) throws -> PickleValue? { nil }
}

/// A position in a list, as a coding key.
struct IndexKey: CodingKey {
  let intValue: Int?
  var stringValue: String { intValue.map(String.init) ?? "" }

  init(intValue: Int) { self.intValue = intValue }

  init?(stringValue: String) {
    guard let index = Int(stringValue) else { return nil }
    self.intValue = index
  }
}

/// A coding key with a name: of a dictionary's item, or of a superclass's container.
struct NameKey: CodingKey {
  /// The key that Swift's own coders use for the container of a superclass.
  static let superclass = NameKey(stringValue: "super")

  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { return nil }
}

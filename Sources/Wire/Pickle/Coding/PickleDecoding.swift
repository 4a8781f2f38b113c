import Foundation
import MartletZeroMQ

/// Decodes `Decodable` types from values.
enum PickleDecoding {
  /// Decodes a value: directly for the types that have a form of their own, with `init(from:)` otherwise.
  static func value<T: Decodable>(
    _ value: PickleValue, as type: T.Type, path: @autoclosure () -> [any CodingKey]
  ) throws -> T {
    if let nothing = nothing(value, T.self) { return nothing }
    if let found = try direct(value, T.self, path), let direct = found as? T { return direct }
    if let found = try array(value, T.self, path), let array = found as? T { return array }
    if let type = T.self as? any OptionalDecoding.Type, let optional = try type.decode(value, path()) as? T {
      return optional
    }
    return try T(from: DecodingNode(value: value, codingPath: path()))
  }

  /// What a function returns that returns nothing, or nothing this time, without a look for conformances.
  private static func nothing<T>(_ value: PickleValue, _ type: T.Type) -> T? {
    if T.self == NoValue.self { return NoValue() as? T }
    guard case .none = value else { return nil }
    if T.self == Int?.self { return Int?.none as? T }
    if T.self == Double?.self { return Double?.none as? T }
    if T.self == String?.self { return String?.none as? T }
    if T.self == Bool?.self { return Bool?.none as? T }
    return nil
  }

  private static func direct(
    _ value: PickleValue, _ type: any Decodable.Type, _ path: () -> [any CodingKey]
  ) throws -> Any? {
    if type == Int.self { return try integer(value, Int.self, path) }
    if type == Double.self { return try number(value, path) }
    if type == String.self {
      guard case .string(let text) = value else { throw mismatch(String.self, "a str", value, path()) }
      return text
    }
    if type == Bool.self { return try flag(value, path) }
    if type == PickleValue.self { return value.unpacked }
    if type == Float.self { return Float(try number(value, path)) }
    if type == Int64.self { return try integer(value, Int64.self, path) }
    if type == Int32.self { return try integer(value, Int32.self, path) }
    if type == Int16.self { return try integer(value, Int16.self, path) }
    if type == Int8.self { return try integer(value, Int8.self, path) }
    if type == UInt.self { return try integer(value, UInt.self, path) }
    if type == UInt64.self { return try integer(value, UInt64.self, path) }
    if type == UInt32.self { return try integer(value, UInt32.self, path) }
    if type == UInt16.self { return try integer(value, UInt16.self, path) }
    if type == UInt8.self { return try integer(value, UInt8.self, path) }
    if type == Int128.self { return try integer(value, Int128.self, path) }
    if type == UInt128.self { return try integer(value, UInt128.self, path) }
    if type == Bytes.self { return try bytes(value, path) }
    if type == Data.self { return try bytes(value, path).data }
    if type == Date.self {
      guard let date = value.date else { throw mismatch(Date.self, "a datetime", value, path()) }
      return date
    }
    return nil
  }

  private static func array(
    _ value: PickleValue, _ type: any Decodable.Type, _ path: () -> [any CodingKey]
  ) throws -> Any? {
    if type == [Double].self { return try numbers(value, path) { try number($0, $1) } as [Double] }
    if type == [Int].self { return try integers(value, path) as [Int] }
    if type == [Float].self { return try numbers(value, path) { Float(try number($0, $1)) } as [Float] }
    if type == [Bool].self { return try numbers(value, path) { try flag($0, $1) } as [Bool] }
    if type == [Int64].self { return try integers(value, path) as [Int64] }
    if type == [Int32].self { return try integers(value, path) as [Int32] }
    if type == [Int16].self { return try integers(value, path) as [Int16] }
    if type == [Int8].self { return try integers(value, path) as [Int8] }
    if type == [UInt].self { return try integers(value, path) as [UInt] }
    if type == [UInt64].self { return try integers(value, path) as [UInt64] }
    if type == [UInt32].self { return try integers(value, path) as [UInt32] }
    if type == [UInt16].self { return try integers(value, path) as [UInt16] }
    if type == [UInt8].self, value.elements == nil { return try bytes(value, path).array }
    if type == [String: Int].self, case .dict(let dict) = value {
      var out: [String: Int] = [:]
      out.reserveCapacity(dict.count)
      for pair in dict.pairs {
        guard case .string(let key) = pair.key else { throw mismatch(String.self, "a str key", pair.key, path()) }
        out[key] = try integer(pair.value, Int.self) { path() + [NameKey(stringValue: key)] }
      }
      return out
    }
    return nil
  }

  private static func number(_ value: PickleValue, _ path: () -> [any CodingKey]) throws -> Double {
    guard let number = value.doubleValue else { throw mismatch(Double.self, "a float", value, path()) }
    return number
  }

  private static func flag(_ value: PickleValue, _ path: () -> [any CodingKey]) throws -> Bool {
    guard case .bool(let flag) = value else { throw mismatch(Bool.self, "a bool", value, path()) }
    return flag
  }

  /// Reads a list of numbers: at once if they are packed and of the same type, otherwise one after the other.
  private static func numbers<Element: NDArrayElement>(
    _ value: PickleValue, _ path: () -> [any CodingKey],
    _ element: (PickleValue, @escaping () -> [any CodingKey]) throws -> Element
  ) throws -> [Element] {
    if let packed = value.packedNumbers, let numbers = try? packed.array(of: Element.self) { return numbers }
    return try items(value, path()).enumerated().map { index, item in
      do {
        return try element(item) { [] }
      } catch {
        // Paths are made for errors only.
        let path = path() + [IndexKey(intValue: index)]
        return try element(item) { path }
      }
    }
  }

  private static func integers<I: FixedWidthInteger & NDArrayElement>(
    _ value: PickleValue, _ path: () -> [any CodingKey]
  ) throws -> [I] {
    try numbers(value, path) { try integer($0, I.self, $1) }
  }

  private static func integer<I: FixedWidthInteger>(
    _ value: PickleValue, _ type: I.Type, _ path: () -> [any CodingKey]
  ) throws -> I {
    switch value {
    case .int(let number):
      if let fitting = I(exactly: number) { return fitting }
    case .bigInt(let number):
      if let fitting: I = number.exactly() { return fitting }
    default: throw mismatch(I.self, "an int", value, path())
    }
    throw DecodingError.dataCorrupted(
      .init(codingPath: path(), debugDescription: "found an int outside of \(I.self), \(I.min) to \(I.max)"))
  }

  private static func bytes(_ value: PickleValue, _ path: () -> [any CodingKey]) throws -> Bytes {
    if let bytes = value.bytesValue { return bytes }
    if case .array(let array) = value, array.dtype == "|u1" { return array.rowMajor.data }
    throw mismatch(Bytes.self, "bytes", value, path())
  }

  /// The items of a list, tuple, set or one-dimensional array.
  static func items(_ value: PickleValue, _ path: [any CodingKey]) throws -> [PickleValue] {
    if let items = value.elements { return items }
    if let packed = value.packedNumbers, let items = try? packed.values() { return items }
    throw mismatch([PickleValue].self, "a list, tuple, set or one-dimensional array", value, path)
  }

  static func mismatch(
    _ type: Any.Type, _ expected: String, _ found: PickleValue, _ path: [any CodingKey]
  ) -> DecodingError {
    let context = DecodingError.Context(
      codingPath: path, debugDescription: "found \(found.typeName), expected \(expected)")
    return found == .none ? .valueNotFound(type, context) : .typeMismatch(type, context)
  }
}

/// A value being decoded.
struct DecodingNode: Decoder {
  let value: PickleValue
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { PickleDecoder.userInfo }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .dict(let dict) = value else {
      throw PickleDecoding.mismatch([String: PickleValue].self, "a dict", value, codingPath)
    }
    return KeyedDecodingContainer(KeyedDecoding<Key>(dict, codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    // What `[UInt8]` and `Data` ask for when a type that contains one hands its own decoder on.
    if let bytes = value.bytesValue {
      return UnkeyedDecoding(items: bytes.array.map { .int(Int($0)) }, codingPath: codingPath)
    }
    return UnkeyedDecoding(items: try PickleDecoding.items(value, codingPath), codingPath: codingPath)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    SingleDecoding(value: value, codingPath: codingPath)
  }
}

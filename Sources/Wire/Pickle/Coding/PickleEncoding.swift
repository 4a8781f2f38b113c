import Foundation
import MartletZeroMQ

/// Encodes `Encodable` types as values.
enum PickleEncoding {
  /// Encodes something: directly for the types that have a form of their own, with `encode(to:)` otherwise.
  static func value<T: Encodable>(_ thing: T, path: @autoclosure () -> [any CodingKey]) throws -> PickleValue {
    if let direct = direct(thing) { return direct }
    let special = thing as? any SpecialEncoding
    if let value = try special?.encodedOptional(path()) { return value }
    let node = EncodingNode(codingPath: path(), hasIntKeys: special != nil)
    guard node.codingPath.count < PickleLimits.standard.depth else {
      throw EncodingError.invalidValue(
        thing, .init(codingPath: node.codingPath, debugDescription: PickleLimits.standard.depthError))
    }
    try thing.encode(to: node)
    guard let value = node.value else {
      throw EncodingError.invalidValue(
        thing, .init(codingPath: node.codingPath, debugDescription: "\(T.self) encoded nothing"))
    }
    return value
  }

  private static func direct<T>(_ thing: T) -> PickleValue? {
    if T.self == Int.self, let value = thing as? Int { return .int(value) }
    if T.self == Double.self, let value = thing as? Double { return .float(value) }
    if T.self == String.self, let value = thing as? String { return .string(value) }
    if T.self == Bool.self, let value = thing as? Bool { return .bool(value) }
    if T.self == PickleValue.self, let value = thing as? PickleValue { return value }
    if T.self == Float.self, let value = thing as? Float { return .float(Double(value)) }
    if T.self == [Double].self, let value = thing as? [Double] { return .numbers(value) { .float($0) } }
    if T.self == [Int].self, let value = thing as? [Int] { return .numbers(value) { .int($0) } }
    if T.self == [String].self, let value = thing as? [String] { return .list(value.map { .string($0) }) }
    if T.self == [UInt8].self, let value = thing as? [UInt8] { return .bytes(Bytes(value)) }
    if T.self == Bytes.self, let value = thing as? Bytes { return .bytes(value) }
    if T.self == Data.self, let value = thing as? Data { return .bytes(Bytes(value)) }
    if T.self == NDArray.self, let value = thing as? NDArray { return .array(value) }
    if T.self == Date.self, let value = thing as? Date { return .exactly(value) }
    if T.self == [String: Int].self, let value = thing as? [String: Int] {
      return .dict(PickleDict(value.map { PickleDict.Pair(key: .string($0.key), value: .int($0.value)) }))
    }
    return nothingOrOptional(thing) ?? integer(thing) ?? numbers(thing)
  }

  /// What functions return that return nothing, or maybe nothing: to ask for the conformance of an optional takes longer than
  /// all else that is done for a small result.
  private static func nothingOrOptional<T>(_ thing: T) -> PickleValue? {
    if T.self == NoValue.self { return PickleValue.none }
    if T.self == Int?.self, let value = thing as? Int? { return value.map { .int($0) } ?? PickleValue.none }
    if T.self == Double?.self, let value = thing as? Double? { return value.map { .float($0) } ?? PickleValue.none }
    if T.self == String?.self, let value = thing as? String? { return value.map { .string($0) } ?? PickleValue.none }
    if T.self == Bool?.self, let value = thing as? Bool? { return value.map { .bool($0) } ?? PickleValue.none }
    return nil
  }

  private static func numbers<T>(_ thing: T) -> PickleValue? {
    if T.self == [Float].self, let value = thing as? [Float] { return .numbers(value) { .float(Double($0)) } }
    if T.self == [Bool].self, let value = thing as? [Bool] { return .numbers(value) { .bool($0) } }
    if T.self == [Int64].self, let value = thing as? [Int64] { return .numbers(value) { .int(Int($0)) } }
    if T.self == [Int32].self, let value = thing as? [Int32] { return .numbers(value) { .int(Int($0)) } }
    if T.self == [Int16].self, let value = thing as? [Int16] { return .numbers(value) { .int(Int($0)) } }
    if T.self == [Int8].self, let value = thing as? [Int8] { return .numbers(value) { .int(Int($0)) } }
    if T.self == [UInt].self, let value = thing as? [UInt] { return .numbers(value) { .integer(UInt64($0)) } }
    if T.self == [UInt64].self, let value = thing as? [UInt64] { return .numbers(value) { .integer($0) } }
    if T.self == [UInt32].self, let value = thing as? [UInt32] { return .numbers(value) { .int(Int($0)) } }
    if T.self == [UInt16].self, let value = thing as? [UInt16] { return .numbers(value) { .int(Int($0)) } }
    return nil
  }

  private static func integer<T>(_ thing: T) -> PickleValue? {
    if T.self == UInt64.self, let value = thing as? UInt64 { return .integer(value) }
    if T.self == UInt.self, let value = thing as? UInt { return .integer(UInt64(value)) }
    if T.self == Int64.self, let value = thing as? Int64 { return .int(Int(value)) }
    if T.self == Int32.self, let value = thing as? Int32 { return .int(Int(value)) }
    if T.self == UInt32.self, let value = thing as? UInt32 { return .int(Int(value)) }
    if T.self == Int16.self, let value = thing as? Int16 { return .int(Int(value)) }
    if T.self == UInt16.self, let value = thing as? UInt16 { return .int(Int(value)) }
    if T.self == Int8.self, let value = thing as? Int8 { return .int(Int(value)) }
    if T.self == UInt8.self, let value = thing as? UInt8 { return .int(Int(value)) }
    if T.self == Int128.self, let value = thing as? Int128 { return .integer(exactly: value) }
    if T.self == UInt128.self, let value = thing as? UInt128 { return .integer(exactly: value) }
    return nil
  }
}

/// A place that a value is encoded into.
final class EncodingNode: Encoder {
  /// An item of a container: a value, or a node that may still change.
  enum Child {
    case value(PickleValue)
    case node(EncodingNode)

    var value: PickleValue {
      switch self {
      case .value(let value): value
      case .node(let node): node.value ?? .dict(PickleDict())
      }
    }
  }

  private enum Kind { case empty, single, list, dict }

  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }
  private let hasIntKeys: Bool
  private var kind = Kind.empty
  private var single = PickleValue.none
  private var items: [Child] = []
  private var pairs: [(key: PickleValue, value: Child)] = []

  init(codingPath: [any CodingKey], hasIntKeys: Bool = false) {
    self.codingPath = codingPath
    self.hasIntKeys = hasIntKeys
  }

  /// The encoded value; `nil` if nothing was encoded.
  var value: PickleValue? {
    switch kind {
    case .empty: nil
    case .single: single
    case .list: .list(items.map(\.value))
    case .dict: .dict(PickleDict(pairs.map { PickleDict.Pair(key: $0.key, value: $0.value.value) }))
    }
  }

  var itemCount: Int { items.count }

  func set(_ value: PickleValue) {
    kind = .single
    single = value
  }

  func append(_ child: Child) { items.append(child) }

  func set(_ child: Child, for key: any CodingKey) {
    if hasIntKeys, let number = key.intValue {
      pairs.append((.int(number), child))
    } else {
      pairs.append((.string(key.stringValue), child))
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    kind = .dict
    return KeyedEncodingContainer(KeyedEncoding<Key>(node: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    kind = .list
    return UnkeyedEncoding(node: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { SingleEncoding(node: self) }
}

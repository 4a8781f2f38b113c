import Foundation

/// Reads a `dict`.
struct KeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let codingPath: [any CodingKey]
  private let dict: PickleDict
  /// The positions of the keys, if the dict is too large to search.
  private var positions: [PickleValue: Int]?

  init(_ dict: PickleDict, codingPath: [any CodingKey]) {
    self.dict = dict
    self.codingPath = codingPath
    if dict.count > 8 {
      var positions: [PickleValue: Int] = [:]
      for (index, pair) in dict.pairs.enumerated() {
        switch pair.key {
        case .string, .int: positions[pair.key] = index
        default: continue
        }
      }
      self.positions = positions
    }
  }

  var allKeys: [Key] {
    dict.pairs.compactMap { pair in
      switch pair.key {
      case .string(let text): Key(stringValue: text)
      case .int(let number): Key(intValue: number)
      default: nil
      }
    }
  }

  /// The value of a key, which is in the dict as a number or as a text.
  private func find(_ key: any CodingKey) -> PickleValue? {
    if let number = key.intValue, let value = find(.int(number)) { return value }
    return find(.string(key.stringValue))
  }

  private func find(_ wanted: PickleValue) -> PickleValue? {
    guard let positions else { return dict[wanted] }
    return positions[wanted].map { dict.pairs[$0].value }
  }

  private func value(_ key: any CodingKey) throws -> PickleValue {
    guard let value = find(key) else {
      throw DecodingError.keyNotFound(
        key,
        .init(
          codingPath: codingPath, debugDescription: "found a dict of \(dict.count) items, expected \(key.stringValue)"))
    }
    return value
  }

  func contains(_ key: Key) -> Bool { find(key) != nil }

  func decodeNil(forKey key: Key) throws -> Bool { try value(key) == .none }

  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try PickleDecoding.value(value(key), as: type, path: codingPath + [key])
  }

  func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 {
    try PickleDecoding.value(value(key), as: type, path: codingPath + [key])
  }

  func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 {
    try PickleDecoding.value(value(key), as: type, path: codingPath + [key])
  }

  func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
    guard let value = find(key) else { return nil }
    return try PickleDecoding.value(value, as: T?.self, path: codingPath + [key])
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try node(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try node(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { try node(NameKey.superclass) }

  func superDecoder(forKey key: Key) throws -> any Decoder { try node(key) }

  private func node(_ key: any CodingKey) throws -> DecodingNode {
    DecodingNode(value: try value(key), codingPath: codingPath + [key])
  }
}

/// Reads the items of a list or another sequence.
struct UnkeyedDecoding: UnkeyedDecodingContainer {
  let items: [PickleValue]
  let codingPath: [any CodingKey]
  var currentIndex = 0

  var count: Int? { items.count }
  var isAtEnd: Bool { currentIndex >= items.count }
  private var path: [any CodingKey] { codingPath + [IndexKey(intValue: currentIndex)] }

  private func current<T>(_ type: T.Type) throws -> PickleValue {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        type, .init(codingPath: path, debugDescription: "found \(items.count) items, expected \(currentIndex + 1)"))
    }
    return items[currentIndex]
  }

  mutating func decodeNil() throws -> Bool {
    guard try current(PickleValue.self) == .none else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next(type) }

  private mutating func next<T: Decodable>(_ type: T.Type) throws -> T {
    let decoded = try PickleDecoding.value(current(type), as: type, path: path)
    currentIndex += 1
    return decoded
  }

  mutating func decode(_ type: Int128.Type) throws -> Int128 { try next(type) }

  mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try next(type) }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    try node().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try node().unkeyedContainer() }

  mutating func superDecoder() throws -> any Decoder { try node() }

  private mutating func node() throws -> DecodingNode {
    let node = DecodingNode(value: try current(PickleValue.self), codingPath: path)
    currentIndex += 1
    return node
  }
}

/// Reads one value.
struct SingleDecoding: SingleValueDecodingContainer {
  let value: PickleValue
  let codingPath: [any CodingKey]

  func decodeNil() -> Bool { value == .none }

  func decode(_ type: Int128.Type) throws -> Int128 { try PickleDecoding.value(value, as: type, path: codingPath) }

  func decode(_ type: UInt128.Type) throws -> UInt128 { try PickleDecoding.value(value, as: type, path: codingPath) }

  /// What `Date` asks for when a type that contains one hands its own decoder on.
  func decode(_ type: Double.Type) throws -> Double {
    if let date = value.date { return date.timeIntervalSinceReferenceDate }
    return try PickleDecoding.value(value, as: type, path: codingPath)
  }

  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    try PickleDecoding.value(value, as: type, path: codingPath)
  }
}

/// Fills a `dict`.
struct KeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let node: EncodingNode
  var codingPath: [any CodingKey] { node.codingPath }

  func encodeNil(forKey key: Key) throws { node.set(.value(.none), for: key) }

  func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
    node.set(.value(try PickleEncoding.value(value, path: codingPath + [key])), for: key)
  }

  func encode(_ value: Int128, forKey key: Key) throws { node.set(.value(.integer(exactly: value)), for: key) }

  func encode(_ value: UInt128, forKey key: Key) throws { node.set(.value(.integer(exactly: value)), for: key) }

  /// Leaves the key out for nil, and only then: a value that is nil itself is there.
  func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
    guard value != nil else { return }
    node.set(.value(try PickleEncoding.value(value, path: codingPath + [key])), for: key)
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) -> KeyedEncodingContainer<Nested> {
    child(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { child(key).unkeyedContainer() }

  func superEncoder() -> any Encoder { child(NameKey.superclass) }

  func superEncoder(forKey key: Key) -> any Encoder { child(key) }

  private func child(_ key: any CodingKey) -> EncodingNode {
    let child = EncodingNode(codingPath: codingPath + [key])
    node.set(.node(child), for: key)
    return child
  }
}

/// Fills a `list`.
struct UnkeyedEncoding: UnkeyedEncodingContainer {
  let node: EncodingNode
  var codingPath: [any CodingKey] { node.codingPath }
  var count: Int { node.itemCount }

  func encodeNil() throws { node.append(.value(.none)) }

  func encode<T: Encodable>(_ value: T) throws {
    node.append(.value(try PickleEncoding.value(value, path: codingPath + [IndexKey(intValue: count)])))
  }

  func encode(_ value: Int128) throws { node.append(.value(.integer(exactly: value))) }

  func encode(_ value: UInt128) throws { node.append(.value(.integer(exactly: value))) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    child().container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }

  func superEncoder() -> any Encoder { child() }

  private func child() -> EncodingNode {
    let child = EncodingNode(codingPath: codingPath + [IndexKey(intValue: count)])
    node.append(.node(child))
    return child
  }
}

/// Sets one value.
struct SingleEncoding: SingleValueEncodingContainer {
  let node: EncodingNode
  var codingPath: [any CodingKey] { node.codingPath }

  func encodeNil() throws { node.set(.none) }

  func encode(_ value: Int128) throws { node.set(.integer(exactly: value)) }

  func encode(_ value: UInt128) throws { node.set(.integer(exactly: value)) }

  func encode<T: Encodable>(_ value: T) throws { node.set(try PickleEncoding.value(value, path: codingPath)) }
}

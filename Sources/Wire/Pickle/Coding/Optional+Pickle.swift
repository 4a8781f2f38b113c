/// An optional, which is encoded so that each of its values can be told apart, or a dictionary with keys of the type `Int`. One
/// protocol for both, as asking a value for it takes as long as encoding a few numbers.
protocol SpecialEncoding {
  /// The optional as it travels; `nil` for a dictionary.
  func encodedOptional(_ path: [any CodingKey]) throws -> PickleValue?
}

/// An optional that is decoded from what ``SpecialEncoding`` makes of it.
protocol OptionalDecoding {
  /// The optional with this value.
  static func decode(_ value: PickleValue, _ path: [any CodingKey]) throws -> Self
}

extension Optional: SpecialEncoding where Wrapped: Encodable {
  /// `nil` is None. Something that is None itself, as the inner nil of a `String??` is, goes into a tuple.
  func encodedOptional(_ path: [any CodingKey]) throws -> PickleValue? {
    guard let self else { return PickleValue.none }
    let value = try PickleEncoding.value(self, path: path)
    return value.wrapsNone ? .tuple([value]) : value
  }
}

extension Optional: OptionalDecoding where Wrapped: Decodable {
  static func decode(_ value: PickleValue, _ path: [any CodingKey]) throws -> Wrapped? {
    if value == .none { return nil }
    if value.wrapsNone, case .tuple(let items) = value, let inner = items.first {
      return try PickleDecoding.value(inner, as: Wrapped.self, path: path)
    }
    return try PickleDecoding.value(value, as: Wrapped.self, path: path)
  }
}

extension PickleValue {
  /// Whether this is None, or tuples of one element each around None.
  fileprivate var wrapsNone: Bool {
    var value = self
    while case .tuple(let items) = value, items.count == 1 { value = items[0] }
    return value == .none
  }
}

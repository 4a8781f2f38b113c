extension JSONValue {
  /// Whether the value is `null`.
  public var isNull: Bool { self == .null }

  /// The string, or nil for any other kind of value.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The whole number, also when it was written as a double without a fraction (`3.0`); nil for anything else.
  public var intValue: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number as a double (a large integer is rounded), or nil for any other kind of value.
  public var doubleValue: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The truth value, or nil for any other kind of value: numbers do not count as truth values.
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The elements, or nil for anything but an array.
  public var arrayValue: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The members, or nil for anything but an object.
  public var objectValue: [String: JSONValue]? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The member named `key`, or nil if there is none or the value is no object.
  public subscript(key: String) -> JSONValue? { objectValue?[key] }

  /// The element at `index`, or nil if there is none or the value is no array.
  public subscript(index: Int) -> JSONValue? {
    guard let elements = arrayValue, elements.indices.contains(index) else { return nil }
    return elements[index]
  }
}

extension JSONValue {
  /// Whether the value is `null`.
  public var isNull: Bool { self == .null }

  /// The string; `nil` for any other kind of value.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The integer, or the double if it has no fraction (`3.0`); `nil` for anything else.
  public var intValue: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// The number as a double, to which a large integer is rounded; `nil` for any other kind of value.
  public var doubleValue: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The truth value; `nil` for any other kind of value, numbers included.
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The elements; `nil` for anything but an array.
  public var arrayValue: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The members; `nil` for anything but an object.
  public var objectValue: [String: JSONValue]? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The member named `key`; `nil` if there is none or the value is not an object.
  public subscript(key: String) -> JSONValue? { objectValue?[key] }

  /// The element at `index`; `nil` if there is none or the value is not an array.
  public subscript(index: Int) -> JSONValue? {
    guard let elements = arrayValue, elements.indices.contains(index) else { return nil }
    return elements[index]
  }
}

import MartletZeroMQ

extension PickleValue {
  /// The `int` if it fits; `nil` for any other value.
  public var intValue: Int? {
    if case .int(let value) = self { value } else { nil }
  }

  /// The `float`, or an `int` that fits as one; `nil` for any other value.
  public var doubleValue: Double? {
    switch self {
    case .float(let value): value
    case .int(let value): Double(value)
    default: nil
    }
  }

  /// The `bool`; `nil` for any other value.
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The `str`; `nil` for any other value.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The content of `bytes` or a `bytearray`; `nil` for any other value.
  public var bytesValue: Bytes? {
    switch self {
    case .bytes(let value), .bytearray(let value): value
    default: nil
    }
  }

  /// The elements of a `list`, packed or not, a `tuple`, `set` or `frozenset`; `nil` for any other value.
  public var elements: [PickleValue]? {
    if case .record = self { return try? packedList?.values() }
    return listed
  }

  /// The elements that are values already.
  var listed: [PickleValue]? {
    switch self {
    case .list(let items), .tuple(let items): items
    case .set(let set), .frozenSet(let set): set.elements
    default: nil
    }
  }

  /// The `dict`; `nil` for any other value.
  public var dictValue: PickleDict? {
    if case .dict(let value) = self { value } else { nil }
  }

  /// The array; `nil` for any other value.
  public var arrayValue: NDArray? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The record; `nil` for any other value.
  public var recordValue: PickleRecord? {
    if case .record(let value) = self { value } else { nil }
  }

  /// The value of a `str` key of a `dict`; `nil` if there is none or this isn't a `dict`.
  public subscript(key: String) -> PickleValue? { dictValue?[.string(key)] }
}

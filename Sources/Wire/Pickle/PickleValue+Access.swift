import MartletZeroMQ

extension PickleValue {
  /// The `int` if it is one that fits, else nil.
  public var intValue: Int? {
    if case .int(let value) = self { value } else { nil }
  }

  /// The `float`, or the `int` as one, else nil.
  public var doubleValue: Double? {
    switch self {
    case .float(let value): value
    case .int(let value): Double(value)
    default: nil
    }
  }

  /// The `bool`, else nil.
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The `str`, else nil.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The content of `bytes` or a `bytearray`, else nil.
  public var bytesValue: Bytes? {
    switch self {
    case .bytes(let value), .bytearray(let value): value
    default: nil
    }
  }

  /// The elements of a `list`, `tuple`, `set` or `frozenset`, else nil.
  public var elements: [PickleValue]? {
    switch self {
    case .list(let items), .tuple(let items): items
    case .set(let set), .frozenSet(let set): set.elements
    default: nil
    }
  }

  /// The `dict`, else nil.
  public var dictValue: PickleDict? {
    if case .dict(let value) = self { value } else { nil }
  }

  /// The array, else nil.
  public var arrayValue: NDArray? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The record, else nil.
  public var recordValue: PickleRecord? {
    if case .record(let value) = self { value } else { nil }
  }

  /// The value of a key of a `dict`, nil if there is none or this is no `dict`.
  public subscript(key: String) -> PickleValue? { dictValue?[.string(key)] }
}

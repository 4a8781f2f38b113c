extension PickleValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// `None`.
  public init(nilLiteral: ()) { self = .none }

  /// A `bool`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }

  /// An `int`.
  public init(integerLiteral value: Int) { self = .int(value) }

  /// A `float`.
  public init(floatLiteral value: Double) { self = .float(value) }

  /// A `str`.
  public init(stringLiteral value: String) { self = .string(value) }

  /// A `list`.
  public init(arrayLiteral elements: PickleValue...) { self = .list(elements) }

  /// A `dict`, in the order written.
  public init(dictionaryLiteral elements: (PickleValue, PickleValue)...) {
    self = .dict(PickleDict(elements.map { PickleDict.Pair(key: $0.0, value: $0.1) }))
  }
}

extension PickleValue {
  /// Whether Swift knows what the value is, and so do all values in it: it is not an object of another class.
  package var isPlain: Bool {
    switch self {
    case .none, .bool, .int, .bigInt, .float, .complex, .string, .bytes, .bytearray, .array: true
    case .list(let items), .tuple(let items): items.allSatisfy(\.isPlain)
    case .set(let set), .frozenSet(let set): set.elements.allSatisfy(\.isPlain)
    case .dict(let dict): dict.pairs.allSatisfy { $0.key.isPlain && $0.value.isPlain }
    case .record(let record): record.isPlain || date != nil || packedList != nil
    case .reference, .global: false
    }
  }
}

extension PickleRecord {
  /// Whether this is a date, which Swift reads, or a range, which it maps over.
  fileprivate var isPlain: Bool {
    switch (module, name) {
    case ("datetime", "datetime"), ("datetime", "timezone"), ("datetime", "timedelta"), ("builtins", "range"): true
    default: false
    }
  }
}

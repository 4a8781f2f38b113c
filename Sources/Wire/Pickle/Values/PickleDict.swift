/// The content of a Python `dict`, in order. It is made without hashing, so reading a hostile one takes linear time. The
/// last value of a repeated key counts, as in Python.
public struct PickleDict: Sendable, Hashable {
  /// An item.
  public struct Pair: Sendable, Hashable {
    /// The key; any hashable Python value.
    public var key: PickleValue
    /// The value.
    public var value: PickleValue

    /// An item with key and value.
    public init(key: PickleValue, value: PickleValue) {
      self.key = key
      self.value = value
    }
  }

  /// The items in order.
  public var pairs: [Pair]

  /// A dict of items.
  public init(_ pairs: [Pair] = []) { self.pairs = pairs }

  /// The number of items.
  public var count: Int { pairs.count }

  /// Whether there are no items.
  public var isEmpty: Bool { pairs.isEmpty }

  /// The value of a key; `nil` if absent. Linear in the number of items.
  public subscript(key: PickleValue) -> PickleValue? {
    pairs.last { $0.key == key }?.value
  }

  /// The value of a `str` key; `nil` if absent. Linear in the number of items.
  public subscript(key: String) -> PickleValue? {
    for pair in pairs.reversed() {
      if case .string(let name) = pair.key, name == key { return pair.value }
    }
    return nil
  }

  /// Replaces the value of a `str` key; does nothing if it is absent.
  mutating func replace(_ key: String, with value: PickleValue) {
    guard let index = pairs.lastIndex(where: { $0.key == .string(key) }) else { return }
    pairs[index].value = value
  }

  /// The items in the order of Python's `sorted(keys)`; unchanged if the keys have no common order, for which Python raises
  /// `TypeError`.
  func sortedByKey() -> [Pair] {
    if pairs.count < 2 { return pairs }
    if pairs.allSatisfy({ $0.key.stringValue != nil }) {
      return pairs.sorted { left, right in
        guard let first = left.key.stringValue, let second = right.key.stringValue else { return false }
        return first.unicodeScalars.lexicographicallyPrecedes(second.unicodeScalars)
      }
    }
    if pairs.allSatisfy({ $0.key.doubleValue != nil }) {
      return pairs.sorted { left, right in
        if let first = left.key.intValue, let second = right.key.intValue { return first < second }
        guard let first = left.key.doubleValue, let second = right.key.doubleValue else { return false }
        return first < second
      }
    }
    return pairs
  }
}

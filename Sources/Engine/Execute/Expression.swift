import MartletWire

/// A name, a literal, or a container of these.
indirect enum Expression: Sendable, Hashable {
  case name(String)
  case value(PickleValue)
  case list([Expression])
  case tuple([Expression])
  case set([Expression])
  case dict([Item])

  /// A key and its value in a dict.
  struct Item: Sendable, Hashable {
    let key: Expression
    let value: Expression
  }

  /// The names in the expression.
  var names: Set<String> {
    switch self {
    case .name(let name): [name]
    case .value: []
    case .list(let items), .tuple(let items), .set(let items): items.reduce(into: []) { $0.formUnion($1.names) }
    case .dict(let items): items.reduce(into: []) { $0.formUnion($1.key.names.union($1.value.names)) }
    }
  }

  /// The value, with names looked up.
  func evaluate(in namespace: Namespace) throws(RaisedError) -> PickleValue {
    switch self {
    case .name(let name): return try namespace.value(of: name)
    case .value(let value): return value
    case .list(let items): return .list(try Self.evaluate(items, in: namespace))
    case .tuple(let items): return .tuple(try Self.evaluate(items, in: namespace))
    case .set(let items): return .set(PickleSet(try Self.evaluate(items, in: namespace)))
    case .dict(let items):
      var dict = PickleDict()
      for item in items {
        dict.pairs.append(
          PickleDict.Pair(key: try item.key.evaluate(in: namespace), value: try item.value.evaluate(in: namespace)))
      }
      return .dict(dict)
    }
  }

  private static func evaluate(_ items: [Expression], in namespace: Namespace) throws(RaisedError) -> [PickleValue] {
    var values: [PickleValue] = []
    for item in items { values.append(try item.evaluate(in: namespace)) }
    return values
  }
}

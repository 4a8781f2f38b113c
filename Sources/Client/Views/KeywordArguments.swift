import MartletWire

/// The keyword arguments of a call by name, in their order: `["axis": 0, "keepdims": true]`.
public struct KeywordArguments: Sendable, ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
  let pairs: [(String, PickleValue)]

  /// Arguments that are made at run time: pairs of names and values.
  public init(_ pairs: some Sequence<(String, PickleValue)>) { self.pairs = Array(pairs) }

  /// The arguments of a dictionary literal.
  public init(dictionaryLiteral elements: (String, PickleValue)...) { pairs = elements }

  /// The arguments of a list of pairs.
  public init(arrayLiteral elements: (String, PickleValue)...) { pairs = elements }
}

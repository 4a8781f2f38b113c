/// The content of a Python `set` or `frozenset`: its elements in the order of the pickle, compared without order.
public struct PickleSet: Sendable, Hashable, ExpressibleByArrayLiteral {
  /// The elements. Python's pickles contain each once, which is not checked.
  public var elements: [PickleValue]

  /// A set of distinct elements.
  public init(_ elements: [PickleValue] = []) { self.elements = elements }

  /// A set of the elements of a literal.
  public init(arrayLiteral elements: PickleValue...) { self.init(elements) }

  /// Whether both have the same elements, in any order.
  public static func == (left: PickleSet, right: PickleSet) -> Bool {
    left.elements == right.elements || Set(left.elements) == Set(right.elements)
  }

  /// A hash that does not depend on order.
  public func hash(into hasher: inout Hasher) { hasher.combine(Set(elements)) }
}

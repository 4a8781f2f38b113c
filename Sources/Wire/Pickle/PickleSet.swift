/// The content of a Python `set` or `frozenset`: its elements in the order they came, compared without order.
public struct PickleSet: Sendable, Hashable, ExpressibleByArrayLiteral {
  /// The elements. Python's pickles hold each once; that is not checked.
  public var elements: [PickleValue]

  /// Makes a set of elements that differ.
  public init(_ elements: [PickleValue] = []) { self.elements = elements }

  /// Makes a set of the elements written.
  public init(arrayLiteral elements: PickleValue...) { self.init(elements) }

  /// Whether both hold the same elements, in any order.
  public static func == (left: PickleSet, right: PickleSet) -> Bool {
    left.elements == right.elements || Set(left.elements) == Set(right.elements)
  }

  /// A hash that does not depend on order.
  public func hash(into hasher: inout Hasher) { hasher.combine(Set(elements)) }
}

/// Amounts of resources by name: what an engine offers, or what a task requires for as long as an engine has it.
///
/// The names are the user's own; nothing looks at what they stand for. An amount of zero is the same as none.
public struct Resources: Sendable, Hashable, ExpressibleByDictionaryLiteral {
  /// The amounts that are not zero.
  public private(set) var amounts: [String: ResourceAmount] = [:]

  /// How many names there may be in a message.
  package static let countLimit = 64
  /// How many bytes a name may have.
  package static let nameLimit = 255

  /// No resources.
  public init() {}

  /// Resources by name; of a name that is there twice, the last amount counts.
  public init(dictionaryLiteral elements: (String, ResourceAmount)...) {
    for (name, amount) in elements { self[name] = amount }
  }

  /// How much there is of a resource; zero of one without an amount.
  public subscript(name: String) -> ResourceAmount {
    get { amounts[name] ?? .zero }
    set { amounts[name] = newValue == .zero ? nil : newValue }
  }

  /// Whether there is nothing of any resource.
  public var isEmpty: Bool { amounts.isEmpty }

  /// Whether there is as much of each resource as is required.
  public func covers(_ required: Resources) -> Bool {
    required.amounts.allSatisfy { amounts[$0.key] ?? .zero >= $0.value }
  }

  /// Whether there is as much left of each resource as is required, when some is in use.
  public func covers(_ required: Resources, beside used: Resources) -> Bool {
    required.amounts.allSatisfy { self[$0.key] - used[$0.key] >= $0.value }
  }

  /// Adds the amounts of each resource.
  public mutating func add(_ other: Resources) {
    for (name, amount) in other.amounts { self[name] = self[name] + amount }
  }

  /// Subtracts the amounts of each resource.
  public mutating func subtract(_ other: Resources) {
    for (name, amount) in other.amounts { self[name] = self[name] - amount }
  }
}

extension Resources: CustomStringConvertible {
  /// The amounts in words, by name: `gpu 2, memory 8000000000`.
  public var description: String {
    amounts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  /// Reads an object of names and amounts in a message.
  ///
  /// - Throws: ``WireError/Code/malformedJSON``, or ``WireError/Code/oversized`` for too many or too long names.
  package init(json: JSONValue, _ field: String) throws(WireError) {
    guard case .object(let fields) = json else {
      throw WireError(.malformedJSON, "\(field) is not an object of names and amounts")
    }
    guard fields.count <= Self.countLimit, fields.keys.allSatisfy({ (1...Self.nameLimit).contains($0.utf8.count) })
    else {
      throw WireError(
        .oversized,
        "\(field) has \(fields.count) names: up to \(Self.countLimit) of 1 to \(Self.nameLimit) bytes are the limit")
    }
    for (name, value) in fields {
      guard let amount = ResourceAmount(json: value) else {
        throw WireError(.malformedJSON, "\(field) \(name) is not a number from 0 to 10^15")
      }
      self[name] = amount
    }
  }

  package var json: JSONValue { .object(amounts.mapValues(\.json)) }
}

import MartletWire
import MartletZeroMQ

/// The test that a query operator applies to a field.
enum TaskFieldTest: Sendable {
  /// The field equals one of these.
  case isIn([Operand])
  /// The field equals none of these.
  case isNotIn([Operand])
  /// The field is a text and a substring of `of`, as for Python's `in`; negated, it is not a substring.
  case isPart(of: String, isNegated: Bool)
  /// The field is in each container.
  case isInAll([TaskFieldTest])
  case ordered(Order, Bound)
  case glob(FilenamePattern)
  case never

  /// The relation of a field to a bound, in SQL notation.
  enum Order: String {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
  }

  /// The bound of an ordered comparison.
  enum Bound {
    /// A number. It sorts before every field.
    case number
    case text(String)
    case date(Timestamp)
  }

  /// A value to compare a field with.
  enum Operand: Hashable {
    case null
    case text(String)
    case date(Timestamp)
    /// A JSON value. For buffers, only an empty list can match.
    case json(JSONValue)
    /// A value that no field of this kind can equal, for example a number for a text field.
    case unequal
  }

  /// Checks an operator and its operand.
  ///
  /// - Throws: `TaskStoreError` with the code `unknownOperator` or `invalidOperand`.
  init(_ name: String, _ value: JSONValue, for key: TaskRecordKey) throws(TaskStoreError) {
    switch name {
    case "$eq": self = .isIn([Operand(value, for: key)])
    case "$ne": self = .isNotIn([Operand(value, for: key)])
    case "$in": self = Self.membership(value, for: key, isNegated: false)
    case "$nin": self = Self.membership(value, for: key, isNegated: true)
    case "$lt": self = try Self.ordered(.less, value, for: key)
    case "$lte": self = try Self.ordered(.lessOrEqual, value, for: key)
    case "$gt": self = try Self.ordered(.greater, value, for: key)
    case "$gte": self = try Self.ordered(.greaterOrEqual, value, for: key)
    case "$exists": self = value.isTrue ? .isNotIn([.null]) : .isIn([.null])
    case "$glob": self = value.stringValue.map { .glob(FilenamePattern($0)) } ?? .never
    case "$all": self = try Self.all(value, for: key)
    case "$mod":
      guard let parts = value.arrayValue, parts.count == 2, parts.allSatisfy({ $0.doubleValue != nil }),
        parts[0].doubleValue != 0
      else { throw Self.invalid(value, name, for: key) }
      self = .never
    default: throw TaskStoreError(.unknownOperator, "unsupported operator: '\(name)'")
    }
  }

  /// `$in` and `$nin`. The operand is a list of values, an object tested for its keys, or a text tested for substrings
  /// if the field is a text. Any other single value, including null, counts as a list of one; an unset field then
  /// matches neither operator.
  private static func membership(_ value: JSONValue, for key: TaskRecordKey, isNegated: Bool) -> TaskFieldTest {
    let operands: [Operand]
    switch value {
    case .array(let values): operands = values.map { Operand($0, for: key) }
    case .object where key.kind == .json: operands = [Operand(value, for: key)]
    case .object(let members): operands = members.keys.map { Operand(key: $0, for: key) }
    case .string(let text) where key.kind == .text: return .isPart(of: text, isNegated: isNegated)
    default:
      let operand = Operand(value, for: key)
      return isNegated ? .isNotIn([operand, .null]) : .isIn([operand])
    }
    return isNegated ? .isNotIn(operands) : .isIn(operands)
  }

  /// `$all`: the field is in every element of a list, every key of an object or every character of a text.
  private static func all(_ value: JSONValue, for key: TaskRecordKey) throws(TaskStoreError) -> TaskFieldTest {
    let containers: [JSONValue]
    switch value {
    case .array(let values): containers = values
    case .object(let members): containers = members.keys.map(JSONValue.string)
    case .string(let text): containers = text.unicodeScalars.map { .string(String($0)) }
    default: throw invalid(value, "$all", for: key)
    }
    var tests: [TaskFieldTest] = []
    for container in containers {
      switch container {
      case .array(let values): tests.append(.isIn(values.map { Operand($0, for: key) }))
      case .object(let members): tests.append(.isIn(members.keys.map { Operand(key: $0, for: key) }))
      case .string(let text): tests.append(key.kind == .text ? .isPart(of: text, isNegated: false) : .never)
      default: throw invalid(value, "$all", for: key)
      }
    }
    return .isInAll(tests)
  }

  private static func ordered(
    _ order: Order, _ value: JSONValue, for key: TaskRecordKey
  ) throws(TaskStoreError) -> TaskFieldTest {
    switch value {
    case .null: return .never
    case .bool, .int, .double: return .ordered(order, .number)
    case .string(let text):
      if key.kind == .date, let date = Timestamp(text) { return .ordered(order, .date(date)) }
      return .ordered(order, .text(text))
    case .object: return .ordered(order, .text(value.bytes.string))
    // Python orders lists: none comes before the empty one.
    case .array(let values) where values.isEmpty && key.kind == .buffers && order != .greater:
      return switch order {
      case .lessOrEqual: .isIn([.json(value)])
      case .greaterOrEqual: .isNotIn([.null])
      case .less, .greater: .never
      }
    case .array: throw invalid(value, order.rawValue, for: key)
    }
  }

  private static func invalid(_ value: JSONValue, _ name: String, for key: TaskRecordKey) -> TaskStoreError {
    TaskStoreError(.invalidOperand, "\(key.rawValue): \(name) can't be used with \(value.bytes.string)")
  }
}

extension TaskFieldTest.Operand {
  /// An operand for a field.
  init(_ value: JSONValue, for key: TaskRecordKey) {
    switch (key.kind, value) {
    case (_, .null): self = .null
    case (.text, .string(let text)): self = .text(text)
    case (.date, .string(let text)): self = Timestamp(text).map(Self.date) ?? .unequal
    case (.text, _), (.date, _): self = .unequal
    case (.json, _), (.buffers, _): self = .json(value)
    }
  }

  /// An object key to compare a field with. Only text fields can equal one.
  fileprivate init(key name: String, for key: TaskRecordKey) { self = key.kind == .text ? .text(name) : .unequal }
}

extension JSONValue {
  /// Truthiness as Python defines it.
  fileprivate var isTrue: Bool {
    switch self {
    case .null: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .double(let value): value != 0
    case .string(let value): !value.isEmpty
    case .array(let value): !value.isEmpty
    case .object(let value): !value.isEmpty
    }
  }
}

import MartletWire
import MartletZeroMQ

/// A query for task records, checked and ready to be run.
///
/// A query is a JSON object whose members are all to hold: a record key with a value the field is to equal, or with an
/// object of operators. An empty query matches every record. The operators are those of ipyparallel's `dictdb.py` and
/// `sqlitedb.py`; where the two disagree, the rule here is the one that MongoDB has, whose language this is:
///
/// - `$eq`, `$ne`: equality; `null` means unset, and an unset field differs from every value.
/// - `$in`, `$nin`: whether the field is one of an array of values, `null` allowed.
/// - `$lt`, `$lte`, `$gt`, `$gte`: order of dates, or of texts by code points; an unset field never matches.
/// - `$exists`: whether the field is set, or with a false operand unset.
/// - `$glob`: whether a text matches a pattern of `FilenamePattern`; an unset field never does.
/// - `$all`: whether the field is in every one of an array of arrays.
/// - `$mod`: `[divisor, remainder]` of a number. No field is a number, so it never matches.
///
/// Dates are written in ISO 8601 in any zone. JSON fields are compared by value; lists of buffers only with `null`.
struct TaskQuery {
  /// One thing that is to hold of one field.
  struct Condition {
    let key: TaskRecordKey
    let test: Test
  }

  /// What is to hold of a field.
  enum Test {
    case isIn([Operand])
    case isNotIn([Operand])
    case ordered(Order, Operand)
    case glob(String)
    case never
  }

  /// How a field is to stand to an operand, by the symbol that SQL has for it.
  enum Order: String {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
  }

  /// A value to compare a field with.
  enum Operand: Hashable {
    case null
    case text(String)
    case date(Timestamp)
    case json(JSONValue)
    /// A value that no field of this kind can equal, such as a number for a text.
    case unequalToAll
  }

  let conditions: [Condition]

  /// Checks a query.
  ///
  /// - Throws: `TaskStoreError` with the code `unknownKey`, `unknownOperator` or `invalidOperand`.
  init(_ query: JSONValue) throws(TaskStoreError) {
    guard let members = query.objectValue else {
      throw TaskStoreError(.invalidOperand, "a query is an object, not \(query.bytes.string)")
    }
    var conditions: [Condition] = []
    for (name, value) in members {
      let key = try TaskRecordKey.named(name)
      if let operators = value.objectValue {
        for (name, operand) in operators {
          conditions.append(Condition(key: key, test: try Self.test(name, operand, for: key)))
        }
      } else {
        conditions.append(Condition(key: key, test: .isIn([try Self.operand(value, for: key)])))
      }
    }
    self.conditions = conditions
  }

  /// The ids that all matching records have, if the query names them: those can be looked up.
  var messageIDs: [String]? {
    for condition in conditions where condition.key == .messageID {
      if case .isIn(let operands) = condition.test {
        return operands.compactMap { if case .text(let text) = $0 { text } else { nil } }
      }
    }
    return nil
  }

  private static func test(
    _ name: String, _ value: JSONValue, for key: TaskRecordKey
  ) throws(TaskStoreError) -> Test {
    switch name {
    case "$eq": return .isIn([try operand(value, for: key)])
    case "$ne": return .isNotIn([try operand(value, for: key)])
    case "$in": return .isIn(try operands(value, for: key, of: name))
    case "$nin": return .isNotIn(try operands(value, for: key, of: name))
    case "$lt": return try ordered(.less, value, for: key)
    case "$lte": return try ordered(.lessOrEqual, value, for: key)
    case "$gt": return try ordered(.greater, value, for: key)
    case "$gte": return try ordered(.greaterOrEqual, value, for: key)
    case "$exists": return isTrue(value) ? .isNotIn([.null]) : .isIn([.null])
    case "$glob":
      guard key.kind == .text, let pattern = value.stringValue else { throw invalid(value, for: key) }
      return .glob(pattern)
    case "$all": return try all(value, for: key)
    case "$mod":
      guard let parts = value.arrayValue, parts.count == 2, parts.allSatisfy({ $0.doubleValue != nil }),
        parts[0].doubleValue != 0
      else { throw invalid(value, for: key) }
      return .never
    default: throw TaskStoreError(.unknownOperator, "unsupported operator: '\(name)'")
    }
  }

  private static func ordered(
    _ order: Order, _ value: JSONValue, for key: TaskRecordKey
  ) throws(TaskStoreError) -> Test {
    let operand = try operand(value, for: key)
    switch operand {
    case .text, .date: return .ordered(order, operand)
    case .null, .json, .unequalToAll: throw invalid(value, for: key)
    }
  }

  /// The values that are in all of the arrays; any value at all if there are no arrays.
  private static func all(_ value: JSONValue, for key: TaskRecordKey) throws(TaskStoreError) -> Test {
    guard let arrays = value.arrayValue else { throw invalid(value, for: key) }
    guard let first = arrays.first else { return .isNotIn([]) }
    var common = try operands(first, for: key, of: "$all")
    for array in arrays.dropFirst() {
      let members = Set(try operands(array, for: key, of: "$all"))
      common.removeAll { !members.contains($0) }
    }
    return .isIn(common)
  }

  private static func operands(
    _ value: JSONValue, for key: TaskRecordKey, of name: String
  ) throws(TaskStoreError) -> [Operand] {
    guard let values = value.arrayValue else {
      throw TaskStoreError(.invalidOperand, "\(name) needs an array, not \(value.bytes.string)")
    }
    var operands: [Operand] = []
    for value in values { operands.append(try operand(value, for: key)) }
    return operands
  }

  private static func operand(_ value: JSONValue, for key: TaskRecordKey) throws(TaskStoreError) -> Operand {
    if value.isNull { return .null }
    switch key.kind {
    case .text: return value.stringValue.map(Operand.text) ?? .unequalToAll
    case .date: return value.stringValue.flatMap { Timestamp($0) }.map(Operand.date) ?? .unequalToAll
    case .json: return .json(value)
    case .buffers: throw invalid(value, for: key)
    }
  }

  private static func invalid(_ value: JSONValue, for key: TaskRecordKey) -> TaskStoreError {
    TaskStoreError(.invalidOperand, "\(key.rawValue) cannot be compared in this way with \(value.bytes.string)")
  }

  /// Truth as Python has it.
  private static func isTrue(_ value: JSONValue) -> Bool {
    switch value {
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

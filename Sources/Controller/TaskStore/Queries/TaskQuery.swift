import MartletWire
import MartletZeroMQ

/// A query for task records, checked and ready to run.
///
/// A query is a JSON object. Each member maps a record key to a value that the field must equal, or to an object of
/// operators. All members must match. An empty query matches every record. The operators are those of ipyparallel's
/// `dictdb.py` and `sqlitedb.py`. Where the two differ, `DictDB` is right; where it raises an exception, `SQLiteDB` is
/// right. Protocol.md describes the result.
package struct TaskQuery: Sendable {
  /// A condition on one field.
  struct Condition {
    let key: TaskRecordKey
    /// The operator and its operand as in the query; `$eq` for a plain value.
    let name: String
    let operand: JSONValue
    let test: TaskFieldTest
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
        for (name, operand) in operators { conditions.append(try Condition(key, name, operand)) }
      } else {
        conditions.append(Condition(key, equals: value))
      }
    }
    self.conditions = conditions
  }

  /// Matches the records with these ids.
  init(ids: [String]) {
    let test = TaskFieldTest.isIn(ids.map(TaskFieldTest.Operand.text))
    conditions = [
      Condition(key: .messageID, name: "$in", operand: .array(ids.map(JSONValue.string)), test: test)
    ]
  }

  private init(_ conditions: [Condition]) { self.conditions = conditions }

  /// Matches the records of all completed tasks.
  static let completed = TaskQuery([.isCompleted])

  /// Matches the records of all tasks completed on an engine.
  static func completed(on uuid: String) -> TaskQuery {
    TaskQuery([Condition(.engineUUID, equals: .string(uuid)), .isCompleted])
  }

  /// The only ids that can match, if the query names ids. They can be looked up directly.
  var messageIDs: [String]? {
    for condition in conditions where condition.key == .messageID {
      if case .isIn(let operands) = condition.test {
        return operands.compactMap { if case .text(let text) = $0 { text } else { nil } }
      }
    }
    return nil
  }

  /// Whether a record meets all conditions.
  func matches(_ record: TaskRecord) -> Bool { conditions.allSatisfy { $0.test.matches(record[$0.key]) } }
}

extension TaskQuery.Condition {
  /// A condition with an operator.
  init(_ key: TaskRecordKey, _ name: String, _ operand: JSONValue) throws(TaskStoreError) {
    self.init(key: key, name: name, operand: operand, test: try TaskFieldTest(name, operand, for: key))
  }

  /// Equality with a value.
  init(_ key: TaskRecordKey, equals value: JSONValue) {
    self.init(key: key, name: "$eq", operand: value, test: .isIn([TaskFieldTest.Operand(value, for: key)]))
  }

  fileprivate static let isCompleted = Self(
    key: .completed, name: "$ne", operand: .null, test: .isNotIn([.null]))
}

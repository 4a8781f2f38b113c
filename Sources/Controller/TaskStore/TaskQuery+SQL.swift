import Foundation
import GRDB
import MartletWire
import MartletZeroMQ

extension TaskQuery {
  /// An SQL expression and the arguments for its placeholders.
  struct SQL {
    var expression: String
    var arguments: [DatabaseValue] = []
  }

  /// The query as an SQL condition on the columns of the task table, which are named by the record keys.
  ///
  /// It calls the functions in `functions`. No value of the query becomes part of the text.
  var sql: SQL {
    guard !conditions.isEmpty else { return SQL(expression: "1") }
    var whole = SQL(expression: "")
    for condition in conditions {
      let part = condition.test.sql(column: "\"\(condition.key.rawValue)\"", kind: condition.key.kind)
      whole.expression += whole.expression.isEmpty ? "(\(part.expression))" : " AND (\(part.expression))"
      whole.arguments += part.arguments
    }
    return whole
  }

  /// What a connection needs to run queries.
  static let functions = [
    DatabaseFunction("martlet_glob", argumentCount: 2, pure: true) { arguments in
      guard let text = String.fromDatabaseValue(arguments[0]), let pattern = String.fromDatabaseValue(arguments[1])
      else { return false }
      return FilenamePattern(SQLText.decode(pattern)).matches(SQLText.decode(text))
    },
    DatabaseFunction("martlet_json_in", argumentCount: 2, pure: true) { arguments in
      guard let bytes = Data.fromDatabaseValue(arguments[0]), let list = String.fromDatabaseValue(arguments[1]),
        let value = try? JSONValue.parse(Bytes(Array(bytes))), let values = try? JSONValue.parse(Bytes(list))
      else { return false }
      return values.arrayValue?.contains(value) ?? false
    },
  ]
}

extension TaskQuery.Test {
  fileprivate func sql(column: String, kind: TaskRecordKey.Kind) -> TaskQuery.SQL {
    switch self {
    case .isIn(let operands): return Self.membership(of: column, kind: kind, in: operands)
    case .isNotIn(let operands):
      var sql = Self.membership(of: column, kind: kind, in: operands)
      // Comparing an unset column gives NULL, of which NOT would make NULL again.
      sql.expression = "NOT coalesce(\(sql.expression), 0)"
      return sql
    case .ordered(let order, let operand):
      return TaskQuery.SQL(expression: "\(column) \(order.rawValue) ?", arguments: [operand.databaseValue])
    case .glob(let pattern):
      return TaskQuery.SQL(
        expression: "martlet_glob(\(column), ?)", arguments: [SQLText.encode(pattern).databaseValue])
    case .never: return TaskQuery.SQL(expression: "0")
    }
  }

  private static func membership(
    of column: String, kind: TaskRecordKey.Kind, in operands: [TaskQuery.Operand]
  ) -> TaskQuery.SQL {
    var sql = TaskQuery.SQL(expression: "0")
    let values = operands.map(\.json).filter { !$0.isNull }
    // A list travels as one argument, because SQLite bounds the number of arguments.
    let list = JSONValue.array(values).bytes.string.databaseValue
    if kind == .json, !values.isEmpty {
      sql = TaskQuery.SQL(expression: "martlet_json_in(\(column), ?)", arguments: [list])
    } else if !values.isEmpty {
      sql = TaskQuery.SQL(expression: "\(column) IN (SELECT value FROM json_each(?))", arguments: [list])
    }
    if operands.contains(.null) { sql.expression = "(\(column) IS NULL OR \(sql.expression))" }
    return sql
  }
}

extension TaskQuery.Operand {
  fileprivate var databaseValue: DatabaseValue {
    switch self {
    case .text(let text): SQLText.encode(text).databaseValue
    case .date(let date): date.microseconds.databaseValue
    case .null, .json, .unequalToAll: .null
    }
  }

  /// The operand as an element of a JSON list, with texts and dates as columns hold them; null if it equals no value.
  fileprivate var json: JSONValue {
    switch self {
    case .text(let text): .string(SQLText.encode(text))
    case .date(let date): .int(date.microseconds)
    case .json(let value): value
    case .null, .unequalToAll: .null
    }
  }
}

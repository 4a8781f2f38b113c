import GRDB
import MartletWire
import MartletZeroMQ

extension TaskQuery {
  /// An SQL expression and the arguments for its placeholders.
  struct SQL {
    var expression: String
    var arguments: [DatabaseValue] = []
  }

  /// The query as an SQL condition on the columns of the task table, which are named after the record keys.
  ///
  /// It calls ``function``. Values of the query are passed as arguments only, never as SQL text.
  var sql: SQL {
    guard !conditions.isEmpty else { return SQL(expression: "1") }
    var whole = SQL(expression: "")
    for condition in conditions {
      let part = condition.sql
      whole.expression += whole.expression.isEmpty ? "(\(part.expression))" : " AND (\(part.expression))"
      whole.arguments += part.arguments
    }
    return whole
  }

  /// The SQL function that queries call: `martlet_test(key, value, operator, operand)`. It applies the memory store's
  /// test to a field where SQL has no equivalent expression. Every connection must register it.
  static let function = DatabaseFunction("martlet_test", argumentCount: 4, pure: true) { arguments in
    guard let key = String.fromDatabaseValue(arguments[0]).flatMap(TaskRecordKey.init),
      let name = String.fromDatabaseValue(arguments[2]), let text = String.fromDatabaseValue(arguments[3]),
      let operand = try? JSONValue.parse(Bytes(text)), let condition = try? Condition(key, name, operand)
    else { return false }
    return condition.test.matches(try TaskFieldValue(arguments[1], kind: key.kind))
  }
}

extension TaskQuery.Condition {
  fileprivate var sql: TaskQuery.SQL {
    let column = "\"\(key.rawValue)\""
    switch test {
    case .isIn(let operands):
      if let sql = Self.membership(of: column, kind: key.kind, in: operands) { return sql }
    case .isNotIn(let operands):
      if var sql = Self.membership(of: column, kind: key.kind, in: operands) {
        // Comparing an unset column gives NULL, and NOT NULL is NULL.
        sql.expression = "NOT coalesce(\(sql.expression), 0)"
        return sql
      }
    case .ordered(let order, .date(let date)) where key.kind == .date:
      return TaskQuery.SQL(expression: "\(column) \(order.rawValue) ?", arguments: [date.microseconds.databaseValue])
    case .ordered(let order, .text(let text)) where key.kind == .text:
      return TaskQuery.SQL(
        expression: "\(column) \(order.rawValue) ?", arguments: [SQLText.encode(text).databaseValue])
    case .never: return TaskQuery.SQL(expression: "0")
    case .ordered, .isPart, .isInAll, .glob: break
    }
    return TaskQuery.SQL(
      expression: "martlet_test(?, \(column), ?, ?)",
      arguments: [key.rawValue.databaseValue, name.databaseValue, operand.bytes.string.databaseValue])
  }

  /// Membership in a list; nil if SQL can't express it.
  private static func membership(
    of column: String, kind: TaskRecordKey.Kind, in operands: [TaskFieldTest.Operand]
  ) -> TaskQuery.SQL? {
    var values: [JSONValue] = []
    for operand in operands {
      switch operand {
      case .text(let text): values.append(.string(SQLText.encode(text)))
      case .date(let date): values.append(.int(date.microseconds))
      case .json: return nil
      case .null, .unequal: break
      }
    }
    var sql = TaskQuery.SQL(expression: "0")
    if !values.isEmpty {
      // The list is passed as one argument, because SQLite limits the number of arguments.
      sql = TaskQuery.SQL(
        expression: "\(column) IN (SELECT value FROM json_each(?))",
        arguments: [JSONValue.array(values).bytes.string.databaseValue])
    }
    if operands.contains(.null) { sql.expression = "(\(column) IS NULL OR \(sql.expression))" }
    return sql
  }
}

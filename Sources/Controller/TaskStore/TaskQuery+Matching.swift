import MartletWire
import MartletZeroMQ

extension TaskQuery {
  /// Whether all of the query holds of a record.
  func matches(_ record: TaskRecord) -> Bool {
    conditions.allSatisfy { $0.test.matches(record[$0.key]) }
  }
}

extension TaskQuery.Test {
  fileprivate func matches(_ value: TaskFieldValue) -> Bool {
    switch self {
    case .isIn(let operands): operands.contains { $0.equals(value) }
    case .isNotIn(let operands): !operands.contains { $0.equals(value) }
    case .ordered(let order, let operand):
      switch (value, operand) {
      case (.date(let date), .date(let operand)): order.holds(date.microseconds, operand.microseconds)
      case (.text(let text), .text(let operand)): order.holds(text.codePoints, operand.codePoints)
      default: false
      }
    case .glob(let pattern): value.text.map(FilenamePattern(pattern).matches) ?? false
    case .never: false
    }
  }
}

extension TaskQuery.Operand {
  fileprivate func equals(_ value: TaskFieldValue) -> Bool {
    switch (self, value) {
    case (.null, .null): true
    case (.text(let operand), .text(let text)): operand.codePoints == text.codePoints
    case (.date(let operand), .date(let date)): operand == date
    case (.json(let operand), .json(let bytes)): (try? JSONValue.parse(bytes)) == operand
    default: false
    }
  }
}

extension TaskQuery.Order {
  fileprivate func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
    switch self {
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    }
  }
}

/// A string compared by its UTF-8 bytes, which is the order of code points: as Python and SQLite compare, while Swift's
/// strings compare by canonical equivalence.
private struct CodePoints: Comparable {
  let text: String

  static func == (left: CodePoints, right: CodePoints) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

  static func < (left: CodePoints, right: CodePoints) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }
}

extension String {
  fileprivate var codePoints: CodePoints { CodePoints(text: self) }
}

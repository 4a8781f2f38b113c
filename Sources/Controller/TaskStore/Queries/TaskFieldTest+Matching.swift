import MartletWire
import MartletZeroMQ

extension TaskFieldTest {
  /// Whether a field passes the test.
  func matches(_ value: TaskFieldValue) -> Bool {
    switch self {
    case .isIn(let operands): operands.contains { $0.equals(value) }
    case .isNotIn(let operands): !operands.contains { $0.equals(value) }
    case .isPart(let whole, let isNegated): value.text.map { whole.hasPart($0) != isNegated } ?? false
    case .isInAll(let tests): tests.allSatisfy { $0.matches(value) }
    case .ordered(let order, let bound): order.holds(value, bound)
    case .glob(let pattern): value.plainText.map(pattern.matches) ?? false
    case .never: false
    }
  }
}

extension TaskFieldTest.Operand {
  fileprivate func equals(_ value: TaskFieldValue) -> Bool {
    switch (self, value) {
    case (.null, .null): true
    case (.text(let operand), .text(let text)): operand.codePoints == text.codePoints
    case (.date(let operand), .date(let date)): operand == date
    case (.json(let operand), .json(let bytes)): (try? JSONValue.parse(bytes)).map { $0.equals(operand) } ?? false
    case (.json(.array(let operand)), .buffers(let buffers)): operand.isEmpty && buffers.isEmpty
    default: false
    }
  }
}

extension TaskFieldTest.Order {
  fileprivate func holds(_ value: TaskFieldValue, _ bound: TaskFieldTest.Bound) -> Bool {
    switch (value, bound) {
    case (.null, _): false
    // Numbers sort before texts, and texts before buffers.
    case (.buffers(let buffers), _): !buffers.isEmpty && holds(1, 0)
    case (_, .number): holds(1, 0)
    case (.date(let date), .date(let bound)): holds(date.microseconds, bound.microseconds)
    case (_, .date(let bound)): value.plainText.map { holds($0.codePoints, bound.text.codePoints) } ?? false
    case (_, .text(let bound)): value.plainText.map { holds($0.codePoints, bound.codePoints) } ?? false
    }
  }

  private func holds<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
    switch self {
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    }
  }
}

extension TaskFieldValue {
  /// The value as in a reply, without quotation marks; nil for buffers and unset fields.
  fileprivate var plainText: String? {
    switch self {
    case .text(let text): text
    case .date(let date): date.text
    case .json(let bytes): bytes.string
    case .null, .buffers: nil
    }
  }
}

extension JSONValue {
  /// Equality as Python defines it. Numbers and booleans compare by value. Dates compare as points in time because
  /// ipyparallel parses every text that looks like a date.
  fileprivate func equals(_ other: JSONValue) -> Bool {
    switch (self, other) {
    case (.array(let left), .array(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
    case (.object(let left), .object(let right)):
      return left.count == right.count && left.allSatisfy { key, value in right[key]?.equals(value) ?? false }
    case (.string(let left), .string(let right)):
      if left.codePoints == right.codePoints { return true }
      guard let left = Timestamp(left), let right = Timestamp(right) else { return false }
      return left == right
    default:
      if let left = number, let right = other.number { return left == right }
      return self == other
    }
  }

  private var number: Double? {
    switch self {
    case .bool(let value): value ? 1 : 0
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }
}

/// A string compared by its UTF-8 bytes, that is, by code points, as in Python and SQLite. Swift's strings compare by
/// canonical equivalence.
private struct CodePoints: Comparable {
  let text: String

  static func == (left: CodePoints, right: CodePoints) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

  static func < (left: CodePoints, right: CodePoints) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }
}

extension String {
  fileprivate var codePoints: CodePoints { CodePoints(text: self) }

  /// Whether a text is a substring of this one by code points. The empty text always is.
  fileprivate func hasPart(_ part: String) -> Bool {
    part.isEmpty || utf8.firstRange(of: part.utf8) != nil
  }
}

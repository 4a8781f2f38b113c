/// Any JSON value, held as a tree.
///
/// The parser and the writer understand what Python's `json` module writes by default, which is JSON (RFC 8259) plus the
/// numbers `NaN`, `Infinity` and `-Infinity`. Equality is that of the cases: `.int(1)` and `.double(1)` differ, as
/// Python's `1` and `1.0` are written differently.
public enum JSONValue: Sendable, Hashable {
  /// `null`, Python's `None`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number without fraction or exponent that fits in `Int`.
  case int(Int)
  /// Any other number, and integers too large for `Int`, rounded to the nearest double.
  case double(Double)
  /// A string.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object. Of a key that a text repeats the last value counts, as in Python.
  case object([String: JSONValue])
}

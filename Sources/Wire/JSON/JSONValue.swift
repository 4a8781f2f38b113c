/// Any JSON value, as a tree.
///
/// The parser and the writer use the format of Python's `json` module: JSON (RFC 8259) plus the numbers `NaN`, `Infinity`
/// and `-Infinity`. `.int(1)` and `.double(1)` are not equal, because Python writes `1` and `1.0` differently.
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
  /// An object. The last value of a repeated key counts, as in Python.
  case object([String: JSONValue])
}

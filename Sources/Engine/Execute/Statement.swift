/// The statements a Swift engine executes: names, literals, and assignments of them.
enum Statement: Sendable, Hashable {
  /// Its value is shown if it is the last statement.
  case expression(Expression)
  /// `a = b = …`, with the targets from left to right.
  case assignment([String], Expression)
}

import MartletWire

/// Runs the code of `execute_request`s: names, literals and assignments of them.
struct ExecuteRunner: Sendable {
  let namespace: Namespace

  /// Runs a piece of code. Code that can't be parsed changes nothing.
  ///
  /// - Returns: the value that Python would show, which is that of the last statement if it is an expression other than
  ///   `None`.
  /// - Throws: ``RaisedError``, a SyntaxError or NameError.
  func run(_ code: String) throws(RaisedError) -> PickleValue? {
    var shown: PickleValue?
    for statement in try StatementParser.parse(code) {
      switch statement {
      case .expression(let expression):
        let value = try expression.evaluate(in: namespace)
        shown = value == .none ? nil : value
      case .assignment(let names, let expression):
        let value = try expression.evaluate(in: namespace)
        namespace.update(names.map { ($0, value) })
        shown = nil
      }
    }
    return shown
  }
}
